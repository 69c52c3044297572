#include "settings/look_alike.h"

#include <algorithm>

#include "base/ascii.h"
#include "settings/similarity.h"

namespace waypost::settings {
namespace {

using Kind = LookAlike::Kind;

constexpr size_t labels_max = 10;

std::vector<std::string_view> labels_of(std::string_view host) {
  std::vector<std::string_view> labels;
  while (labels.size() < labels_max) {
    const size_t dot = host.find('.');
    labels.push_back(host.substr(0, dot));
    if (dot == std::string_view::npos) break;
    host.remove_prefix(dot + 1);
  }
  return labels;
}

// How many labels the ending has: one, or two for co.uk and com.au.
size_t ending_length(const std::vector<std::string_view>& labels) {
  const size_t n = labels.size();
  const bool is_double = n >= 3 && (labels[n - 2] == "co" || labels[n - 2] == "com");
  return is_double ? 2 : 1;
}

bool is_misspelt_ending(std::string_view written, std::string_view meant) {
  static constexpr std::pair<std::string_view, std::string_view> misspelt[] = {
      {"com", "co"},   {"com", "cm"},   {"com", "om"},   {"com", "con"}, {"com", "cpm"},
      {"com", "comm"}, {"com", "coom"}, {"com", "vom"},  {"com", "xom"}, {"com", "ocm"},
      {"com", "cmo"},  {"com", "c0m"},  {"com", "cim"},  {"net", "ne"},  {"net", "nte"},
      {"net", "ent"},  {"net", "ney"},  {"net", "nett"}, {"net", "bet"}, {"org", "ogr"},
      {"org", "or"},   {"de", "dee"},   {"ch", "hc"},    {"ru", "ur"}};
  return std::find(std::begin(misspelt), std::end(misspelt), std::pair(meant, written)) !=
         std::end(misspelt);
}

// How many mistakes may be in a label for it still to be the same word: short ones are too many.
size_t mistakes_allowed(std::string_view label) {
  return label.size() >= 8 ? 2 : label.size() >= 5 ? 1 : 0;
}

std::string without_punctuation(std::string_view host) {
  std::string out;
  for (const char c : host)
    if (c != '.' && c != ',' && c != ';' && c != '-') out += c;
  return out;
}

// The known host with what was written in the place of its `*`.
std::string filled_in(std::string_view pattern, const std::vector<std::string_view>& written) {
  std::string out;
  const auto labels = labels_of(pattern);
  for (size_t i = 0; i < labels.size(); ++i) {
    if (i > 0) out += '.';
    out += labels[i] == "*" && i < written.size() ? written[i] : labels[i];
  }
  return out;
}

bool has_digit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), base::is_digit);
}

class Comparison {
 public:
  // `one_ending`: no name of theirs has another ending than the known one.
  Comparison(std::string_view host, const Provider& provider, std::string_view known,
             bool one_ending)
      : host_(host),
        provider_(provider),
        one_ending_(one_ending),
        written_(labels_of(host)),
        known_(labels_of(known)),
        pattern_(known),
        ending_(ending_length(known_)) {}

  std::optional<LookAlike> compare() const {
    const bool has_star = pattern_.find('*') != std::string_view::npos;
    if (!has_star && as_it_looks(host_) == as_it_looks(pattern_)) return told(Kind::same_looks);
    if (!has_star && host_ != pattern_ &&
        without_punctuation(host_) == without_punctuation(pattern_))
      return told(Kind::punctuation);
    if (has_other_order()) return told(Kind::swapped_labels);
    if (one_ending_ && has_other_ending()) return told(Kind::wrong_ending);
    return compare_labels();
  }

 private:
  LookAlike told(Kind kind) const { return {kind, filled_in(pattern_, written_), &provider_}; }

  bool has_other_order() const {
    auto a = written_, b = known_;
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    return a == b;
  }

  // smtp.gmail.net and smtp.gmail.co.uk, but not smtp.gmail.example.com.
  bool has_other_ending() const {
    const size_t front = known_.size() - ending_;
    return written_.size() == front + ending_length(written_) &&
           std::equal(known_.begin(), known_.begin() + std::ptrdiff_t(front), written_.begin());
  }

  std::optional<LookAlike> compare_labels() const {
    if (written_.size() != known_.size()) return std::nullopt;
    const size_t name = known_.size() - ending_ - 1;
    size_t mistakes = 0;
    bool is_in_ending = false;
    for (size_t i = 0; i < known_.size(); ++i) {
      if (known_[i] == "*" || known_[i] == written_[i]) continue;
      const size_t apart = distance(written_[i], known_[i]);
      if (i > name) {
        if (!is_misspelt_ending(written_[i], known_[i])) return std::nullopt;
        is_in_ending = true;
        ++mistakes;
        continue;
      }
      // smtp2 and mail1 are names that exist.
      if (i < name && has_digit(written_[i]) != has_digit(known_[i])) return std::nullopt;
      if (apart > (i == name ? mistakes_allowed(known_[i]) : 2)) return std::nullopt;
      mistakes += apart;
    }
    if (mistakes == 0 || mistakes > 2) return std::nullopt;
    return told(is_in_ending && mistakes == 1 ? Kind::wrong_ending : Kind::misspelt);
  }

  std::string_view host_;
  const Provider& provider_;
  bool one_ending_;
  std::vector<std::string_view> written_;
  std::vector<std::string_view> known_;
  std::string_view pattern_;
  size_t ending_;
};

bool is_below_a_mail_domain(std::string_view host, std::span<const Provider> providers) {
  for (const Provider& provider : providers)
    for (const std::string& domain : provider.domains)
      if (host == domain ||
          (host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.'))
        return true;
  return false;
}

std::string_view parent(std::string_view host) {
  return host.substr(std::min(host.find('.'), host.size()));
}

std::string normal(std::string_view host) {
  std::string name = base::to_lower(host);
  if (name.ends_with('.')) name.pop_back();
  return name.size() > 255 ? std::string() : name;
}

}  // namespace

std::optional<LookAlike> look_alike_domain(std::string_view domain,
                                           std::span<const Provider> providers) {
  const std::string name = normal(domain);
  if (name.empty() || is_below_a_mail_domain(name, providers)) return std::nullopt;
  std::optional<LookAlike> weakest;
  for (const Provider& provider : providers) {
    for (const std::string& known : provider.domains) {
      auto found = Comparison(name, provider, known, false).compare();
      if (!found) continue;
      if (found->kind != Kind::misspelt) return found;
      if (!weakest) weakest = std::move(found);
    }
  }
  return weakest;
}

std::optional<LookAlike> look_alike(std::string_view host, std::span<const Provider> providers) {
  const std::string name = normal(host);
  if (name.empty() || provider_of_host(name, providers)) return std::nullopt;
  for (const Provider& provider : providers)
    if (std::find(provider.confused.begin(), provider.confused.end(), name) !=
        provider.confused.end())
      return LookAlike{Kind::other_service, provider.hosts.front(), &provider};
  const bool is_theirs = is_below_a_mail_domain(name, providers);
  std::optional<LookAlike> weakest;
  for (const Provider& provider : providers) {
    for (const std::string& known : provider.hosts) {
      auto found = Comparison(name, provider, known, provider.one_ending).compare();
      if (!found) continue;
      // smpt.gmail.com is a mistake at its own provider; smtp.ymail.com is none of Gmail's.
      if (is_theirs && found->kind == Kind::misspelt && parent(found->meant) != parent(name))
        continue;
      if (found->kind != Kind::misspelt) return found;
      if (!weakest) weakest = std::move(found);
    }
  }
  return weakest;
}

}  // namespace waypost::settings
