#include "logs/summary.h"

#include <algorithm>

#include "base/ascii.h"

namespace waypost::logs {
namespace {

constexpr size_t example_octets_max = 600;

bool is_word(char c) { return base::is_alnum(c) || c == '_'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// "S3150", "OFR_416": tokens of providers, of which each means something else.
bool is_token(std::string_view word) {
  constexpr size_t letters_max = 6;
  constexpr size_t digits_max = 8;
  size_t letters = 0;
  while (letters < word.size() && is_upper(word[letters])) ++letters;
  size_t digits = letters;
  if (digits < word.size() && word[digits] == '_') ++digits;
  if (letters == 0 || letters > letters_max || word.size() - digits > digits_max) return false;
  return std::all_of(word.begin() + std::ptrdiff_t(digits), word.end(), base::is_digit);
}

// Appends `text` with each word that has a digit or an '@' in it cut to one sign, so that ids and
// addresses of hosts and mailboxes do not make texts differ.
void append_masked(std::string& key, std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    if (!is_word(text[at])) {
      key += text[at++];
      continue;
    }
    const size_t begin = at;
    bool has_digit = false;
    bool is_code = true;
    while (at < text.size() &&
           (is_word(text[at]) || text[at] == '@' || text[at] == '-' ||
            (text[at] == '.' && at + 1 < text.size() && is_word(text[at + 1])))) {
      // "550-5.7.1" is two codes.
      if (text[at] == '-' && is_code && at - begin == 3) break;
      char c = text[at++];
      has_digit |= base::is_digit(c) || c == '@';
      is_code &= base::is_digit(c) || c == '.';
    }
    std::string_view word = text.substr(begin, at - begin);
    // "550" and "5.7.1" decide; "192.0.2.1" and "4F9K2" do not.
    bool stays = !has_digit || is_token(word) ||
                 (is_code && word.size() <= 8 && std::count(word.begin(), word.end(), '.') != 3);
    if (stays)
      key += word;
    else
      key += '#';
  }
}

// "mx1.example.co.uk" -> "example.co.uk" would need a list of suffixes; the last two labels, or
// three where the last is short, tell hosts of one provider together well enough.
std::string_view domain_of(std::string_view host) {
  const bool is_address = host.find(':') != std::string_view::npos ||
                          host.find_first_not_of("0123456789.") == std::string_view::npos;
  if (is_address) return host;
  size_t dots_wanted = 2;
  size_t last = host.rfind('.');
  if (last == std::string_view::npos) return host;
  size_t before = last == 0 ? std::string_view::npos : host.rfind('.', last - 1);
  bool is_short =
      host.size() - last - 1 == 2 && before != std::string_view::npos && last - before - 1 <= 3;
  if (is_short) dots_wanted = 3;
  size_t at = host.size();
  while (dots_wanted-- > 0) {
    size_t dot = at == 0 ? std::string_view::npos : host.rfind('.', at - 1);
    if (dot == std::string_view::npos) return host;
    at = dot;
  }
  return host.substr(at + 1);
}

// Where nobody answered no host is named; the recipient's domain tells as much.
std::string_view domain_of_event(const LogEvent& event) {
  if (!event.host.empty()) return domain_of(event.host);
  size_t at = event.recipient.rfind('@');
  return at == std::string_view::npos ? std::string_view() : event.recipient.substr(at + 1);
}

}  // namespace

Summary::Summary(const classify::Classifier& classifier, Wanted wanted)
    : classifier_(classifier), reader_(classifier), wanted_(std::move(wanted)) {
  if (!wanted_.provider.empty()) provider_ = classifier.provider_named(wanted_.provider);
}

bool Summary::is_wanted(const LogEvent& event) const {
  if (wanted_.since)
    if (auto at = parse_line_time(event.time, wanted_.now); at && *at < *wanted_.since)
      return false;
  const bool has_cause = event.fate == Fate::deferred || event.fate == Fate::bounced;
  if (wanted_.provider.empty() || has_cause) return true;
  if (provider_ == nullptr) return is_wanted_domain(domain_of_event(event));
  return classifier_.provider_named(event.host.empty() ? domain_of_event(event) : event.host) ==
         provider_;
}

bool Summary::is_wanted_domain(std::string_view domain) const {
  return base::equals_ignoring_case(domain, domain_of(wanted_.provider));
}

void Summary::add(const LogEvent& event) {
  if ((wanted_.since || !wanted_.provider.empty()) && !is_wanted(event)) {
    left_out_ += event.fate != Fate::told_again;
    return;
  }
  if (event.fate == Fate::delivered) {
    ++delivered_;
    return;
  }
  if (event.fate == Fate::told_again) {
    delivered_ -= delivered_ > 0;
    return;
  }
  Cause* cause = cause_of(event);
  if (cause == nullptr) {
    ++left_out_;
    return;
  }
  bool is_bounce = event.fate == Fate::bounced;
  ++(is_bounce ? bounced_ : deferred_);
  ++(is_bounce ? cause->bounced : cause->deferred);
  if (cause->first.empty()) cause->first = event.time;
  cause->last = event.time;
}

Cause* Summary::cause_of(const LogEvent& event) {
  key_.clear();
  key_ += domain_of_event(event);
  key_ += '\n';
  append_masked(key_, event.reply.substr(0, key_reply_octets_max));
  auto found = remembered_.find(key_);
  if (found != remembered_.end()) return found->second;
  Cause* cause = judged(event);
  if (remembered_.size() >= remembered_max) remembered_.clear();
  remembered_.emplace(key_, cause);
  return cause;
}

Cause* Summary::judged(const LogEvent& event) {
  classify::Reading reading = reader_.read({event.reply, event.host, {}, {}, {}});
  const classify::Provider* provider = reading.provider;
  const std::string_view domain = domain_of_event(event);
  // A kind of server, known by its words alone, runs at many places.
  const bool runs_hosts = provider != nullptr && !provider->mx.empty();
  const bool is_by_words = wanted_.provider.empty() || provider != provider_;
  if (!runs_hosts && is_by_words && !domain.empty())
    provider = classifier_.provider_named(event.host.empty() ? domain : event.host);
  std::string id = provider != nullptr ? provider->id
                   : !domain.empty()   ? base::to_lower(domain)
                                       : std::string("unknown");
  bool is_other = !wanted_.provider.empty() &&
                  (provider_ != nullptr ? provider != provider_ : !is_wanted_domain(id));
  if (is_other) return nullptr;
  std::string name =
      id + '\n' + std::string(classify::slug(reading.reply_class)) + '\n' + reading.rule_id();
  auto known = causes_.find(name);
  if (known != causes_.end()) return known->second.get();
  if (causes_.size() >= causes_max) return nullptr;
  auto cause = std::make_unique<Cause>();
  cause->provider = std::move(id);
  cause->provider_name = provider != nullptr ? provider->name : cause->provider;
  reading.evidence_text = {};
  reading.evidence_start = reading.evidence_end = 0;
  cause->reading = std::move(reading);
  cause->example = event.reply.substr(0, example_octets_max);
  return causes_.emplace(std::move(name), std::move(cause)).first->second.get();
}

std::vector<const Cause*> Summary::worst_first() const {
  std::vector<const Cause*> causes;
  for (const auto& [name, cause] : causes_)
    if (cause->count() > 0) causes.push_back(cause.get());
  std::sort(causes.begin(), causes.end(), [](const Cause* a, const Cause* b) {
    if (a->count() != b->count()) return a->count() > b->count();
    if (a->bounced != b->bounced) return a->bounced > b->bounced;
    return std::tie(a->provider, a->example) < std::tie(b->provider, b->example);
  });
  return causes;
}

}  // namespace waypost::logs
