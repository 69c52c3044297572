#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "doctor/login_refusal.h"
#include "doctor/refusal.h"
#include "doctor/walk.h"
#include "doctor/ways.h"
#include "sasl/base64.h"
#include "sasl/client.h"
#include "smtp/limits.h"

namespace waypost::doctor {
namespace {

using Answer = Result<smtp::Reply>;

// Servers wait on purpose after a failed login; six seconds turned a right password into a failure
// elsewhere.
constexpr Duration usual_patience = std::chrono::seconds(60);
constexpr Duration long_patience = std::chrono::minutes(5);
constexpr int challenge_code = 334;  // RFC 4954 §4
constexpr int accepted_code = 235;
constexpr unsigned challenges_max = 8;
constexpr std::string_view hidden = "[hidden]";
// For each step of a way that is tried before it is recommended.
constexpr Duration ways_patience = std::chrono::seconds(3);

bool is_token_mechanism(std::string_view mechanism) {
  return base::equals_ignoring_case(mechanism, "XOAUTH2") ||
         base::equals_ignoring_case(mechanism, "OAUTHBEARER");
}

// Both say the same in other words; providers that have one of them alone have mostly the first.
std::string token_mechanism(const std::vector<std::string>& offered) {
  constexpr const char* usual = "XOAUTH2";
  constexpr const char* standard = "OAUTHBEARER";  // RFC 7628
  auto offers = [&offered](std::string_view name) {
    return std::any_of(offered.begin(), offered.end(), [name](const std::string& one) {
      return base::equals_ignoring_case(one, name);
    });
  };
  return !offers(usual) && offers(standard) ? standard : usual;
}

// One login from the offer to its last reply.
class Login {
 public:
  Login(Context& context, Request& request, Session& session);

  io::Task<RungResult> run();

 private:
  Finding finding(std::string_view id, Parameters more = {});
  io::Task<std::optional<Finding>> obstacle();
  io::Task<Finding> obstacle_in_clear();
  io::Task<std::vector<Trial>> try_elsewhere(bool starttls_here);
  void recommend(std::vector<Trial> trials, Finding& finding) const;
  std::optional<Finding> unsendable() const;
  io::Task<Answer> converse();
  io::Task<Answer> begin();
  io::Task<Answer> say(Secret message, std::string before);
  Result<Secret> answer_to(const smtp::Reply& challenge);
  void judge(const Answer& answer);
  void judge_silence(const Error& error);
  void judge_challenge();
  void judge_out_of_place(const smtp::Reply& reply);
  void stop(Finding finding, std::string line);
  std::string mechanisms() const;

  Context& context_;
  Request& request_;
  Session& session_;
  const Duration patience_;
  Secret password_;
  LoginFacts facts_;
  Parameters values_;
  std::unique_ptr<sasl::ClientExchange> exchange_;
  std::optional<Error> why_ended_;  // the exchange was called off by us
  std::string challenge_;           // that ended it, as it came
  RungResult result_;
};

Login::Login(Context& context, Request& request, Session& session)
    : context_(context),
      request_(request),
      session_(session),
      patience_(request.patient ? long_patience : usual_patience),
      password_(std::move(request.password)) {
  result_.rung = Rung::login;
  if (request.by_token) request.mechanism = token_mechanism(session.capabilities.auth_mechanisms);
  facts_.host = session.host;
  facts_.port = std::to_string(session.peer.port);
  facts_.user = request.user;
  facts_.by_token = is_token_mechanism(request.mechanism);
  facts_.password = shape_of(password_.reveal());
  values_ = {{"host", facts_.host}, {"port", facts_.port}, {"user", facts_.user}};
  context_.evidence.withhold_password(password_.reveal());
}

std::string Login::mechanisms() const {
  return fmt::format("{}", fmt::join(session_.capabilities.auth_mechanisms, ", "));
}

Finding Login::finding(std::string_view id, Parameters more) {
  more.merge(Parameters(values_));
  return finding_of(id, std::move(more));
}

void Login::stop(Finding finding, std::string line) {
  result_.line = std::move(line);
  if (session_.conversation.last_evidence() != 0 && finding.evidence.empty())
    finding.evidence.push_back(session_.conversation.last_evidence());
  result_.add(std::move(finding));
}

// The secret was judged only as far as its form goes; it is nowhere shown.
std::optional<Finding> Login::unsendable() const {
  auto is_sound = [](std::string_view text) {
    return !text.empty() && base::is_utf8(text) &&
           std::none_of(text.begin(), text.end(), base::is_control);
  };
  Parameters values = values_;
  if (facts_.password.ends_with_line) {
    values["seen"] = std::string(facts_.password.at_its_ends());
    return finding_of("M4020", std::move(values));
  }
  bool user_sound = is_sound(request_.user);
  if (user_sound && is_sound(password_.reveal())) return std::nullopt;
  values["setting"] = user_sound ? "password" : "user name";
  values["seen"] = user_sound && password_.empty()
                       ? "it is empty"
                       : "it holds a control character, or octets that are not UTF-8";
  if (!user_sound) values.erase("user");
  return finding_of("M4025", std::move(values));
}

// The usual ways in, and STARTTLS on this port where that is asked for.
io::Task<std::vector<Trial>> Login::try_elsewhere(bool starttls_here) {
  std::vector<UsualPort> ways;
  if (starttls_here) ways.push_back({session_.peer.port, Encryption::starttls});
  for (UsualPort usual :
       {UsualPort{587, Encryption::starttls}, UsualPort{465, Encryption::implicit}})
    if (usual.port != session_.peer.port) ways.push_back(usual);
  co_return co_await try_ways(context_, session_.host, session_.peer.address, std::move(ways),
                              ways_patience);
}

// What was tried takes the place of what the catalogue would say untried.
void Login::recommend(std::vector<Trial> trials, Finding& finding) const {
  // A way in without a login at its end is none.
  for (Trial& trial : trials) trial.works = trial.works && !trial.mechanisms.empty();
  std::erase_if(finding.fixes,
                [](const Fix& fix) { return fix.id == "starttls" || fix.id == "port"; });
  add_fixes(finding, trials, session_.peer.port);
  const bool has_starttls = std::any_of(finding.fixes.begin(), finding.fixes.end(),
                                        [](const Fix& fix) { return fix.id == "starttls"; });
  if (!has_starttls) finding.fixes.push_back({"starttls", "client", {}, Tested::fails});
}

// "the certificate does not hold: ..."; `trial` is no good.
std::string what_stops(const Trial& trial, const EvidenceLog& evidence) {
  const std::string words = evidence.without_secrets(trial.words);
  const std::string_view where = trial.reached != Trial::Reached::secured
                                     ? "TLS does not come about"
                                 : trial.certificate_holds ? "no good answer inside TLS"
                                                           : "the certificate does not hold";
  return words.empty() ? std::string(where) : fmt::format("{}: {}", where, words);
}

// Nothing encrypts: whether a login is behind STARTTLS is looked at before that is said.
io::Task<Finding> Login::obstacle_in_clear() {
  const smtp::Capabilities& offer = session_.capabilities;
  std::vector<Trial> trials = co_await try_elsewhere(offer.starttls);
  std::optional<Trial> here;
  if (offer.starttls) here = trials.front();
  const bool none_here = here && here->works && here->mechanisms.empty();
  Finding found;
  if (!offer.auth_mechanisms.empty()) {
    found = finding("M4023");
  } else if (!here) {
    found = finding("M4004", {{"seen", "its answer to EHLO has neither AUTH nor STARTTLS"}});
  } else if (none_here) {
    found =
        finding("M4004", {{"seen", "its answer to EHLO has no AUTH, before STARTTLS and after"}});
  } else {
    found = here->works ? finding("M4003")
                        : finding("M4033", {{"seen", what_stops(*here, context_.evidence)}});
  }
  if (here && !here->works && !here->mechanisms.empty())
    found.notes.push_back(
        fmt::format("After STARTTLS it offers {}.", fmt::join(here->mechanisms, ", ")));
  found.rules_out_tls = false;
  recommend(std::move(trials), found);
  co_return found;
}

// What keeps the login from being tried at all; with it the password stays here.
io::Task<std::optional<Finding>> Login::obstacle() {
  if (!session_.encrypted) {
    result_.line = "not tried: the connection is not encrypted";
    Finding found = co_await obstacle_in_clear();
    co_return found;
  }
  if (!session_.certificate_holds) {
    result_.line = "not tried: nobody vouches for the server";
    Finding found = finding("M4022");
    found.rules_out_tls = false;
    co_return found;
  }
  if (session_.capabilities.auth_mechanisms.empty()) {
    result_.line = "the server offers no login";
    Finding found = finding("M4004", {{"seen", "its answer to EHLO has no AUTH, inside TLS too"}});
    std::vector<Trial> trials = co_await try_elsewhere(false);
    recommend(std::move(trials), found);
    co_return found;
  }
  result_.line = "not tried: the login cannot be sent";
  co_return unsendable();
}

Result<Secret> Login::answer_to(const smtp::Reply& challenge) {
  TRY(std::string octets, sasl::base64_decode(challenge.lines.front(), sasl::challenge_octets_max));
  return exchange_->step(octets);
}

io::Task<Answer> Login::say(Secret message, std::string before) {
  std::string encoded = sasl::base64_encode(message.reveal());
  context_.evidence.withhold_encoded(encoded);
  // RFC 4954 §4: an empty initial response is "=", an empty answer to a challenge an empty line.
  if (encoded.empty() && !before.empty()) encoded = "=";
  std::string plain = before;
  plain.reserve(before.size() + encoded.size());
  plain += encoded;
  Secret::wipe(encoded);
  std::string shown = before + std::string(hidden);
  co_return co_await session_.conversation.ask_unseen(Secret::take(plain), std::move(shown),
                                                      patience_);
}

// RFC 4954 §4: what is too long for a command line waits for the first challenge.
io::Task<Answer> Login::begin() {
  std::string command = fmt::format("AUTH {}", exchange_->mechanism());
  std::optional<Secret> initial = exchange_->initial_response();
  if (!initial) co_return co_await session_.conversation.ask(std::move(command), patience_);
  size_t octets = command.size() + initial->reveal().size() * 4 / 3 + 8;
  if (octets <= smtp::command_line_octets_max) {
    command += ' ';
    co_return co_await say(*std::move(initial), std::move(command));
  }
  Answer answer = co_await session_.conversation.ask(std::move(command), patience_);
  if (!answer || answer->code != challenge_code) co_return answer;
  co_return co_await say(*std::move(initial), {});
}

io::Task<Answer> Login::converse() {
  Answer answer = co_await begin();
  for (unsigned challenges = 0; answer && answer->code == challenge_code; ++challenges) {
    Result<Secret> response = answer_to(*answer);
    if (challenges < challenges_max && response) {
      answer = co_await say(*std::move(response), {});
      continue;
    }
    why_ended_ = response ? Error(ErrorCode::protocol, "they ask for more and more")
                          : std::move(response).error();
    challenge_ = context_.evidence.spread_in(answer->lines)
                     ? fmt::format("{} {}", answer->code, hidden)
                     : context_.evidence.without_secrets(answer->text());
    co_return co_await session_.conversation.ask("*", patience_);
  }
  co_return answer;
}

// No reply came: nothing was said against the password.
void Login::judge_silence(const Error& error) {
  const std::string words = context_.evidence.without_secrets(error.message());
  if (error.code() == ErrorCode::protocol) {
    stop(finding("M4028", {{"seen", words}}), "no SMTP reply to the login");
    return;
  }
  const bool timed_out = error.code() == ErrorCode::timed_out;
  Finding found = finding(timed_out ? "M4029" : "M4030", {{"seconds", base::to_human(patience_)}});
  found.observed = timed_out ? "" : words;
  if (timed_out && session_.conversation.in_a_reply())
    found.notes.emplace_back("A reply had begun, and its end did not come.");
  stop(std::move(found), timed_out ? "no answer to the login" : "the connection ended");
}

// RFC 4954 §4 has 235 for yes; another 2yz or 3yz is an answer to something else.
void Login::judge_out_of_place(const smtp::Reply& reply) {
  Finding found = finding("M4028", {{"seen", reply.text()}});
  found.observed = reply.text();
  if (reply.positive())
    found.notes.emplace_back(
        "Programs differ: Python's smtplib and PHPMailer want 235 and call this a refusal, "
        "Nodemailer takes every 2yz for a yes.");
  stop(std::move(found), fmt::format("{} cannot answer a login", reply.code));
}

// A 334 that no program can answer, or one behind the other (RFC 4954 §4: it is base64).
void Login::judge_challenge() {
  Finding found = finding("M4028", {{"seen", challenge_}});
  found.observed = challenge_;
  found.notes.push_back(fmt::format("The challenge cannot be answered: {}.",
                                    context_.evidence.without_secrets(why_ended_->message())));
  found.notes.emplace_back(
      "Some programs answer by place, whatever the 334 says, and get in; others stop here.");
  stop(std::move(found), "a challenge that cannot be answered (334)");
}

void Login::judge(const Answer& answer) {
  if (!challenge_.empty()) return judge_challenge();
  if (!answer) return judge_silence(answer.error());
  if (answer->positive() && !exchange_->server_proved())
    why_ended_ = Error(ErrorCode::protocol,
                       "they accept the login without a proof that they know the password");
  if (answer->code == accepted_code && !why_ended_) {
    result_.status = RungStatus::pass;
    result_.line = fmt::format("{} by {}", base::escape_control(facts_.user), facts_.mechanism);
    session_.logged_in = true;
    return;
  }
  if (!why_ended_ && !answer->permanent() && !answer->transient()) {
    judge_out_of_place(*answer);
    return;
  }
  facts_.provider = provider_of(request_.provider, session_.host);
  facts_.token_note = context_.evidence.without_secrets(exchange_->server_note());
  Finding found = why_ended_ ? finding("M4024", {{"mechanism", facts_.mechanism}})
                             : judge_login(*answer, facts_);
  if (why_ended_) {
    found.observed = answer->text();
    found.notes.push_back(fmt::format("What they said in the login makes no sense: {}.",
                                      context_.evidence.without_secrets(why_ended_->message())));
  }
  if (!facts_.token_note.empty())
    context_.evidence.note(fmt::format("the 334 says, decoded: {}", facts_.token_note));
  stop(std::move(found), fmt::format("the server refuses the login ({})", answer->code));
}

io::Task<RungResult> Login::run() {
  const Instant began = context_.loop.now();
  result_.add_list("mechanisms", session_.capabilities.auth_mechanisms);
  if (request_.user.empty() || request_.mail_exchanger) {
    result_.line =
        request_.mail_exchanger ? "a mail host takes no logins" : "not configured (no --user)";
    co_return std::move(result_);
  }
  std::optional<Finding> in_the_way = co_await obstacle();
  if (in_the_way) {
    stop(*std::move(in_the_way), result_.line);
    result_.took = context_.loop.now() - began;
    co_return std::move(result_);
  }
  sasl::ClientLogin login{request_.user, std::move(password_), request_.mechanism, session_.binding,
                          true};
  auto exchange = sasl::start_client(session_.capabilities.auth_mechanisms, std::move(login),
                                     context_.loop.rng());
  if (!exchange) {
    Parameters more{{"mechanisms", mechanisms()},
                    {"mechanism", request_.mechanism.empty() ? "one that takes a password"
                                                             : request_.mechanism}};
    Finding found = finding("M4005", std::move(more));
    found.notes.push_back(context_.evidence.without_secrets(exchange.error().message()));
    stop(std::move(found), "no way to log in that both sides know");
    co_return std::move(result_);
  }
  exchange_ = *std::move(exchange);
  facts_.mechanism = std::string(exchange_->mechanism());
  values_["mechanism"] = facts_.mechanism;
  facts_.mechanisms = mechanisms();
  result_.add_fact("mechanism", facts_.mechanism);
  ++context_.effects.login_attempts;
  RulesAhead ahead(context_.loop, context_.worker);
  Answer answer = co_await converse();
  // What it means is not their time.
  result_.took = context_.loop.now() - began;
  judge(answer);
  co_return std::move(result_);
}

}  // namespace

io::Task<RungResult> walk_login(Context& context, Request& request, Session& session) {
  Login login(context, request, session);
  co_return co_await login.run();
}

}  // namespace waypost::doctor
