#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/ascii.h"
#include "dns/idn.h"
#include "doctor/refusal.h"
#include "doctor/test_message.h"
#include "doctor/walk.h"
#include "smtp/address.h"
#include "smtp/limits.h"

namespace waypost::doctor {
namespace {

using Answer = Result<smtp::Reply>;
using smtp::AttemptPhase;

constexpr int accept_rung = 5;
// RFC 5321 §4.5.3.2 has servers take five minutes for a command and ten for the message.
struct Patience {
  Duration command;
  Duration content;
};
constexpr Patience usual_patience{std::chrono::seconds(60), std::chrono::seconds(120)};
constexpr Patience long_patience{std::chrono::minutes(5), std::chrono::minutes(10)};
constexpr Duration reset_patience = std::chrono::seconds(5);
// A server that takes less than this refuses ordinary mail with a picture.
constexpr uint64_t usual_octets = 1024 * 1024;
constexpr int data_code = 354;

bool is_address(std::string_view text) { return smtp::parse_mailbox(text).has_value(); }

// Bounded, and without what would end a command.
std::string safe_path(std::string_view text) {
  std::string path;
  for (char c : text.substr(0, smtp::path_octets_max))
    if (!base::is_control(c) && c != '<' && c != '>') path += c;
  return path;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool needs_smtputf8(std::string_view path) { return !is_ascii(path.substr(0, path.rfind('@'))); }

// As it is said: a domain has its A-labels, which every server takes (RFC 5321 §2.3.5).
std::string on_the_wire(const std::string& path) {
  const size_t at = path.rfind('@');
  if (at == std::string::npos || is_ascii(path)) return path;
  const auto domain = dns::to_a_labels(std::string_view(path).substr(at + 1));
  return domain ? path.substr(0, at + 1) + *domain : path;
}

// "mail.example.com" -> "example.com", which is mostly what the server takes mail for.
std::string domain_of(std::string_view host) {
  size_t dot = host.find('.');
  bool has_more =
      dot != std::string_view::npos && host.find('.', dot + 1) != std::string_view::npos;
  return std::string(has_more ? host.substr(dot + 1) : host);
}

std::string in_units(uint64_t octets) {
  constexpr uint64_t million = 1'000'000;
  if (octets >= million) return fmt::format("{:.1f} MB", double(octets) / million);
  return fmt::format("{} octets", octets);
}

template <size_t n>
bool has_any(const smtp::Reply& reply, const std::string_view (&words)[n]) {
  const std::string text = base::to_lower(reply.text());
  return std::any_of(std::begin(words), std::end(words), [&text](std::string_view word) {
    return text.find(word) != std::string::npos;
  });
}

// Whose address it is, or what this login may. Otherwise it may be meant quite differently: the
// sender is then a guess.
bool speaks_of_owner(const smtp::Reply& reply) {
  constexpr std::string_view words[] = {
      " own ", " owned",  " owner", "permission", "send as",    "sendas", "mismatch", "not match",
      "allow", "authori", "permit", "belong",     "not one of", "alias",  "may not",  "associated"};
  return has_any(reply, words);
}

// An account that is stopped, whatever it sends as.
bool speaks_of_a_stop(const smtp::Reply& reply) {
  constexpr std::string_view words[] = {"blocked for", "spam",     "suspend",
                                        "locked",      "disabled", "compromised"};
  return has_any(reply, words);
}

// One transaction up to RCPT, and further only when the user said so.
class Acceptance {
 public:
  Acceptance(Context& context, const Request& request, Session& session);

  io::Task<RungResult> run();

 private:
  bool can_be_said();
  io::Task<bool> ask_sender();
  io::Task<bool> ask_recipient();
  io::Task<void> ask_own_domain(Finding& found);
  io::Task<bool> send_message();
  io::Task<bool> converse();
  io::Task<void> converse_with_each();
  io::Task<void> reset();
  std::vector<std::string> recipients();
  void turn_to(std::string recipient);
  bool has_something_to_ask() const;
  bool judge_size();
  bool means_recipient(const smtp::Reply& reply) const;
  Finding judge(const smtp::Reply& reply, AttemptPhase phase, std::string_view command);
  void stop(Finding finding, std::string line);
  void stop_out_of_place(const smtp::Reply& reply, std::string_view command);
  void refuse(const smtp::Reply& reply, AttemptPhase phase, std::string_view command,
              std::string_view what);
  void lose(const Error& error, std::string_view command, Duration waited);
  void lose_message(const Error& error);
  std::string own_domain() const;

  Context& context_;
  const Request& request_;
  Session& session_;
  const Patience patience_;
  std::string sender_;
  std::vector<std::string> recipients_;
  std::string recipient_;
  TestMessage message_;
  std::vector<std::string> message_ids_;  // of what may have been taken
  Parameters values_;
  bool open_ = true;      // the conversation can go on
  bool settled_ = false;  // the last transaction ended with a message that was taken
  RungResult result_;
};

Acceptance::Acceptance(Context& context, const Request& request, Session& session)
    : context_(context),
      request_(request),
      session_(session),
      patience_(request.patient ? long_patience : usual_patience) {
  result_.rung = Rung::accept;
  sender_ = safe_path(!request.from.empty()      ? request.from
                      : is_address(request.user) ? request.user
                                                 : std::string());
  values_ = {{"host", session.host},
             {"port", std::to_string(session.peer.port)},
             {"sender", sender_.empty() ? "<>" : sender_},
             {"name", session.hello}};
  if (is_address(request.user)) values_["user"] = request.user;
  if (session.conversation.stream() != nullptr)
    values_["address"] = session.conversation.stream()->local().address.text();
  recipients_ = recipients();
  if (!recipients_.empty()) turn_to(recipients_.front());
}

// Each seed that the server is one for gets a message of its own: a mail host takes mail for its
// own domain alone.
std::vector<std::string> Acceptance::recipients() {
  std::vector<std::string> all, left_out;
  if (!request_.to.empty()) all.push_back(safe_path(request_.to));
  for (const seeds::Seed& seed : request_.seeds.all) {
    const std::string address = safe_path(seed.address);
    const std::string_view domain = std::string_view(address).substr(address.rfind('@') + 1);
    if (request_.mail_exchanger && !base::equals_ignoring_case(domain, request_.host))
      left_out.push_back(address);
    else if (std::find(all.begin(), all.end(), address) == all.end())
      all.push_back(address);
  }
  if (!left_out.empty()) result_.add_list("seeds_left_out", left_out);
  if (all.empty() && left_out.empty())
    all.push_back(!sender_.empty() ? sender_ : "postmaster@" + own_domain());
  return all;
}

void Acceptance::turn_to(std::string recipient) {
  recipient_ = std::move(recipient);
  values_["recipient"] = recipient_;
  values_["domain"] = recipient_.substr(recipient_.rfind('@') + 1);
  message_ = make_test_message(sender_, recipient_, session_.hello, context_.loop.wall_now(),
                               context_.loop.rng().next());
}

std::string Acceptance::own_domain() const {
  return request_.mail_exchanger ? safe_path(request_.host) : domain_of(session_.host);
}

void Acceptance::stop(Finding finding, std::string line) {
  result_.line = std::move(line);
  if (session_.conversation.last_evidence() != 0)
    finding.evidence.push_back(session_.conversation.last_evidence());
  result_.add(std::move(finding));
}

void Acceptance::lose(const Error& error, std::string_view command, Duration waited) {
  open_ = false;
  Parameters values = values_;
  values["setting"] = std::string(command);
  values["seconds"] = base::to_human(waited);
  const std::string words = context_.evidence.without_secrets(error.message());
  if (error.code() == ErrorCode::protocol) {
    values["seen"] = words;
    stop(finding_of("M5023", std::move(values)), fmt::format("no SMTP reply to {}", command));
    return;
  }
  const bool timed_out = error.code() == ErrorCode::timed_out;
  Finding found = finding_of(timed_out ? "M5021" : "M5022", std::move(values));
  if (!timed_out) found.observed = words;
  if (timed_out && session_.conversation.in_a_reply())
    found.notes.emplace_back("A reply had begun, and its end did not come.");
  result_.line =
      fmt::format("{} {}", timed_out ? "no answer to" : "the connection ended after", command);
  result_.add(std::move(found));
}

// A code that says neither yes nor no to what was asked (RFC 5321 §4.3.2).
void Acceptance::stop_out_of_place(const smtp::Reply& reply, std::string_view command) {
  Parameters values = values_;
  values["setting"] = std::string(command);
  values["seen"] = reply.text();
  Finding found = finding_of("M5023", std::move(values));
  found.observed = reply.text();
  stop(std::move(found), fmt::format("{} cannot answer {}", reply.code, command));
}

void Acceptance::refuse(const smtp::Reply& reply, AttemptPhase phase, std::string_view command,
                        std::string_view what) {
  if (!reply.permanent() && !reply.transient()) {
    stop_out_of_place(reply, command);
    return;
  }
  stop(judge(reply, phase, what), fmt::format("the server refuses {} ({})", what, reply.code));
}

void Acceptance::lose_message(const Error& error) {
  ++context_.effects.messages_unknown;
  lose(error, "the message", patience_.content);
  // It is not known to be refused, either.
  result_.findings.back().temporary = true;
  result_.findings.back().notes.push_back(
      fmt::format("Whether {} took the message is not known: it may arrive.", session_.host));
  message_ids_.push_back(message_.id);
}

// Amazon SES names the identities that are not verified: in its sandbox that is the recipient's.
bool Acceptance::means_recipient(const smtp::Reply& reply) const {
  constexpr std::string_view before_identities = "failed the check in region";
  const std::string text = base::to_lower(reply.text());
  const size_t list = text.find(before_identities);
  if (list == std::string::npos) return false;
  auto is_named = [&text, list](std::string_view address) {
    const std::string lower = base::to_lower(address);
    const size_t at = lower.rfind('@');
    return !lower.empty() && (text.find(lower, list) != std::string::npos ||
                              (at != std::string::npos &&
                               text.find(" " + lower.substr(at + 1), list) != std::string::npos));
  };
  return is_named(recipient_) && !is_named(sender_);
}

Finding Acceptance::judge(const smtp::Reply& reply, AttemptPhase phase, std::string_view command) {
  const std::string provider = provider_of(request_.provider, session_.host);
  Refusal refusal = judge_refusal(reply, accept_rung, phase, provider);
  const checks::Catalogue& catalogue = checks::shipped_catalogue();
  if (refusal.is("M5001") && session_.logged_in) refusal.check = catalogue.find("M5002");
  // Where mail for a domain comes in, no login helps.
  if (refusal.is("M5001") && request_.mail_exchanger &&
      base::equals_ignoring_case(values_["domain"], request_.host))
    refusal.check = catalogue.find("M5028");
  const bool at_sender = phase == AttemptPhase::mail;
  if (refusal.is("M5018") && session_.logged_in)
    refusal.check = catalogue.find(at_sender ? "M5027" : "M5002");
  // Who wants TLS although there is TLS does not see it; 530 may mean the login alone.
  if (refusal.is("M5012") && session_.encrypted)
    refusal.check = catalogue.find(reply.code == 530 && !session_.logged_in ? "M5018" : "M4027");
  const bool is_own = session_.logged_in && base::equals_ignoring_case(sender_, request_.user);
  const bool blames_own = refusal.is("M5003") && is_own;
  const bool of_account = refusal.is("M5003") && session_.logged_in && speaks_of_a_stop(reply);
  if ((blames_own || of_account) && !speaks_of_owner(reply))
    refusal.check = catalogue.find(refusal.transient ? "M5020" : "M5019");
  // What speaks of the content before there is any is about the sender or this machine.
  if (refusal.is("M5016") && phase < AttemptPhase::data)
    refusal.check = catalogue.find(is_about_proof(refusal.reply_class) ? "M5025"
                                   : refusal.transient                 ? "M5020"
                                                                       : "M5019");
  if (refusal.is("M5014") && means_recipient(reply)) refusal.check = catalogue.find("M5024");
  Parameters values = values_;
  bool by_list = refusal.is("M5009");
  values["seen"] = by_list ? refusal.title : std::string(command);
  if (refusal.is("M5024")) values["seen"] = recipient_;
  if (refusal.is("M5002") && !at_sender) values["seen"] = "mail for " + recipient_;
  if (refusal.is("M5025")) values["domain"] = sender_.substr(sender_.rfind('@') + 1);
  if (refusal.is("M5008")) {
    values["limit"] = session_.capabilities.size_octets_max
                          ? in_units(*session_.capabilities.size_octets_max)
                          : "less than this";
    values["size"] = in_units(request_.message_octets.value_or(message_.octets));
  }
  Finding finding = finding_of(refusal, reply, std::move(values));
  if (!blames_own) return finding;
  // "Set the sender to what it is" would be no advice.
  if (refusal.is("M5003")) finding.parameters.erase("user");
  std::erase_if(finding.fixes, [](const Fix& fix) { return fix.set.contains("from"); });
  finding.notes.push_back(fmt::format(
      "The sender {} is the account's own: look whether the account may send at all, and whether "
      "the server knows that the address is its.",
      sender_));
  return finding;
}

// RFC 1870 §6.1: what is larger than the server says it takes need not be tried.
bool Acceptance::judge_size() {
  const std::optional<uint64_t>& limit = session_.capabilities.size_octets_max;
  if (!limit || *limit == 0) return true;
  const uint64_t size = request_.message_octets.value_or(message_.octets);
  const bool too_large = size > *limit;
  if (!too_large && *limit >= usual_octets) return true;
  Parameters values = values_;
  values["limit"] = in_units(*limit);
  values["size"] = too_large ? in_units(size) : "little; one with a picture has more than 1 MB";
  Finding found = finding_of("M5008", std::move(values));
  found.observed = fmt::format("250-SIZE {}", *limit);
  if (!too_large) found.severity = Severity::warning;
  result_.add(std::move(found));
  if (too_large) result_.line = fmt::format("the server takes at most {}", in_units(*limit));
  return !too_large;
}

// RFC 6531 §3.1 item 8: without SMTPUTF8 no client says such an address.
bool Acceptance::can_be_said() {
  const std::string& path = needs_smtputf8(sender_) ? sender_ : recipient_;
  if (!needs_smtputf8(path) || session_.capabilities.smtputf8) return true;
  Parameters values = values_;
  values["seen"] = path;
  result_.line = "the server offers no SMTPUTF8, which this needs";
  result_.add(finding_of("M5029", std::move(values)));
  return false;
}

io::Task<bool> Acceptance::ask_sender() {
  std::string command = fmt::format("MAIL FROM:<{}>", on_the_wire(sender_));
  if (needs_smtputf8(sender_) || needs_smtputf8(recipient_)) command += " SMTPUTF8";
  if (session_.capabilities.size)
    command += fmt::format(" SIZE={}", request_.message_octets.value_or(message_.octets));
  Answer answer = co_await session_.conversation.ask(std::move(command), patience_.command);
  if (!answer) {
    lose(answer.error(), "MAIL FROM", patience_.command);
    co_return false;
  }
  if (answer->positive()) co_return true;
  refuse(*answer, AttemptPhase::mail, "MAIL FROM", "the sender");
  co_return false;
}

// It takes mail for its own domain: then it is the scope of the relay, and not the server.
io::Task<void> Acceptance::ask_own_domain(Finding& found) {
  std::string own = "postmaster@" + own_domain();
  if (base::equals_ignoring_case(own, recipient_)) co_return;
  Answer answer =
      co_await session_.conversation.ask(fmt::format("RCPT TO:<{}>", own), patience_.command);
  open_ = answer.has_value();
  if (!answer) co_return;
  found.notes.push_back(
      answer->positive()
          ? fmt::format("For its own domain it says yes: RCPT TO:<{}> -> {}.", own, answer->code)
          : fmt::format("For {} it says {}.", own, answer->code));
}

io::Task<bool> Acceptance::ask_recipient() {
  std::string command = fmt::format("RCPT TO:<{}>", on_the_wire(recipient_));
  Answer answer = co_await session_.conversation.ask(std::move(command), patience_.command);
  if (!answer) {
    lose(answer.error(), "RCPT TO", patience_.command);
    co_return false;
  }
  if (answer->positive()) co_return true;
  if (!answer->permanent() && !answer->transient()) {
    stop_out_of_place(*answer, "RCPT TO");
    co_return false;
  }
  Finding found = judge(*answer, AttemptPhase::rcpt, "the recipient");
  found.evidence.push_back(session_.conversation.last_evidence());
  if (found.id == "M5001" || found.id == "M5002") co_await ask_own_domain(found);
  result_.line = fmt::format("the server refuses the recipient ({})", answer->code);
  result_.add(std::move(found));
  co_return false;
}

io::Task<bool> Acceptance::send_message() {
  Answer answer = co_await session_.conversation.ask("DATA", patience_.command);
  if (!answer) {
    lose(answer.error(), "DATA", patience_.command);
    co_return false;
  }
  if (answer->code != data_code) {
    refuse(*answer, AttemptPhase::data, "DATA", "DATA");
    co_return false;
  }
  context_.evidence.note(fmt::format("a message of {} octets", message_.octets));
  // From here on it may have been taken, whatever we hear of it (RFC 5321 §4.5.3.2.6).
  Result<void> written = co_await session_.conversation.write(message_.wire(), patience_.content);
  if (!written) {
    lose_message(written.error());
    co_return false;
  }
  answer = co_await session_.conversation.read_reply(patience_.content);
  if (!answer) {
    lose_message(answer.error());
    co_return false;
  }
  if (!answer->positive()) {
    refuse(*answer, AttemptPhase::content, "the message", "the message");
    co_return false;
  }
  ++context_.effects.messages_sent;
  session_.sent.push_back(
      {recipient_, message_.token, context_.loop.now(), context_.loop.wall_now()});
  settled_ = true;
  message_ids_.push_back(message_.id);
  co_return true;
}

// Leaves no transaction behind; whoever opened the session says QUIT.
io::Task<void> Acceptance::reset() {
  if (!open_ || settled_) co_return;
  Answer answer = co_await session_.conversation.ask("RSET", reset_patience);
  static_cast<void>(answer);
}

// A stranger who asks a submission server learns only that it wants a login, which says nothing
// about the server.
bool Acceptance::has_something_to_ask() const {
  return request_.mail_exchanger || request_.send || !sender_.empty() || !request_.from.empty() ||
         !request_.to.empty() || !session_.encrypted;
}

// One transaction; false where the server does not take all of it.
io::Task<bool> Acceptance::converse() {
  settled_ = false;
  if (!can_be_said()) co_return false;
  bool taken = co_await ask_sender();
  if (taken) taken = co_await ask_recipient();
  if (taken && request_.send) taken = co_await send_message();
  co_return taken;
}

io::Task<void> Acceptance::converse_with_each() {
  bool taken = co_await converse();
  for (size_t i = 1; taken && request_.send && i < recipients_.size(); ++i) {
    turn_to(recipients_[i]);
    taken = co_await converse();
  }
  if (!taken) co_return;
  if (!request_.send)
    result_.line = fmt::format("{} accepted, nothing sent", recipient_);
  else if (recipients_.size() == 1)
    result_.line = fmt::format("message taken for {}", recipient_);
  else
    result_.line = fmt::format("messages taken for {} recipients", recipients_.size());
}

io::Task<RungResult> Acceptance::run() {
  if (!has_something_to_ask()) {
    result_.line = "not asked (no --from, no --to)";
    co_return std::move(result_);
  }
  if (recipients_.empty()) {
    result_.status = RungStatus::unknown;
    result_.line = fmt::format("no seed is at {}, whose mail host this is", request_.host);
    co_return std::move(result_);
  }
  const Instant began = context_.loop.now();
  RulesAhead ahead(context_.loop, context_.worker);
  result_.status = RungStatus::pass;
  result_.add_fact("sender", sender_);
  result_.add_fact("recipient", recipient_);
  const bool fits = judge_size();
  if (fits) co_await converse_with_each();
  if (message_ids_.size() == 1) result_.add_fact("message_id", message_ids_.front());
  if (message_ids_.size() > 1) result_.add_list("message_ids", message_ids_);
  co_await reset();
  result_.took = context_.loop.now() - began;
  co_return std::move(result_);
}

}  // namespace

io::Task<RungResult> walk_accept(Context& context, const Request& request, Session& session) {
  Acceptance acceptance(context, request, session);
  co_return co_await acceptance.run();
}

}  // namespace waypost::doctor
