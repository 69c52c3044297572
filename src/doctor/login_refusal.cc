#include "doctor/login_refusal.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/ascii.h"
#include "doctor/refusal.h"

namespace waypost::doctor {
namespace {

constexpr int login_rung = 4;

// Relay services whose user name is fixed, or whose password is a key.
struct KeyService {
  std::string_view provider;
  std::string_view user;  // the only user name that works; empty where each account has its own
  std::string_view wanted;
};
constexpr KeyService key_services[] = {
    {"sendgrid", "apikey", "the user name apikey and an API key, SG...., as the password"},
    {"resend", "resend", "the user name resend and an API key, re_..., as the password"},
    {"sparkpost", "SMTP_Injection", "the user name SMTP_Injection and an API key as the password"},
    {"mailgun", "", "an SMTP user such as postmaster@DOMAIN and its SMTP password"},
    {"postmark", "", "a server token as the user name, and the same as the password"},
    {"brevo", "", "the login of the SMTP tab and an SMTP key"},
    {"mailjet", "", "the API key as the user name and the secret key as the password"},
    {"mailersend", "", "an SMTP user of the domain and its password"},
    {"mandrill", "", "any user name and an API key as the password"},
    {"smtp2go", "", "an SMTP user and its password, not those of the web page"},
    {"elasticemail", "", "the account's address and an SMTP credential as the password"},
    {"mailtrap", "", "the user name api and a token, or a sandbox's own pair"},
};

// Those that take no account password over SMTP, or none with two-step login.
constexpr std::string_view app_password_providers[] = {"google",   "yahoo", "apple",
                                                       "fastmail", "zoho",  "yandex"};
constexpr std::string_view full_address_providers[] = {
    "google", "microsoft", "yahoo",   "zoho",      "fastmail",   "gmx",   "ovh",
    "yandex", "mailru",    "mailgun", "hostinger", "infomaniak", "proton"};
// Outlook.com and its sisters: no passwords since 16 September 2024.
constexpr std::string_view personal_microsoft_domains[] = {"outlook.", "hotmail.", "live.", "msn."};

template <size_t count>
bool is_among(const std::string_view (&names)[count], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

const KeyService* key_service(std::string_view provider) {
  for (const KeyService& service : key_services)
    if (service.provider == provider) return &service;
  return nullptr;
}

bool is_personal_microsoft(const LoginFacts& facts) {
  size_t at = facts.user.find('@');
  if (facts.provider != "microsoft" || at == std::string::npos) return false;
  std::string domain = base::to_lower(std::string_view(facts.user).substr(at + 1));
  return std::any_of(std::begin(personal_microsoft_domains), std::end(personal_microsoft_domains),
                     [&](std::string_view start) { return domain.starts_with(start); });
}

bool has_space_at_an_end(std::string_view text) { return base::trim(text) != text; }

// "at its beginning" and so on are the password's; a user name may be shown as it is.
std::optional<Finding> by_written_form(const LoginFacts& facts, const Parameters& values) {
  Parameters more = values;
  if (has_space_at_an_end(facts.user)) {
    more["setting"] = "user name";
    more["seen"] = "a space at one of its ends";
    return finding_of("M1009", std::move(more));
  }
  if (facts.password.has_space_at_an_end()) {
    more["seen"] = std::string(facts.password.at_its_ends());
    return finding_of("M4020", std::move(more));
  }
  if (facts.password.in_groups) {
    more["seen"] = facts.provider == "google" ? "Google" : "the provider";
    return finding_of("M4007", std::move(more));
  }
  return std::nullopt;
}

std::optional<Finding> by_user_name(const LoginFacts& facts, const Parameters& values) {
  if (facts.user.find('@') != std::string::npos || key_service(facts.provider) != nullptr ||
      facts.provider == "ses")
    return std::nullopt;
  Parameters more = values;
  more["seen"] = "only the part before the @";
  if (facts.provider == "google") more["meant"] = facts.user + "@gmail.com";
  Finding finding = finding_of("M4002", std::move(more));
  if (is_among(full_address_providers, facts.provider)) {
    finding.confidence = Confidence::likely;
    return finding;
  }
  finding.notes.emplace_back(
      "Servers say the same for a wrong password: check that as well (waypost explain M4001).");
  return finding;
}

std::optional<Finding> by_provider(const LoginFacts& facts, const Parameters& values) {
  Parameters more = values;
  if (const KeyService* service = key_service(facts.provider)) {
    more["seen"] = std::string(service->wanted);
    Finding finding = finding_of("M4018", std::move(more));
    if (!service->user.empty() && facts.user != service->user) {
      finding.confidence = Confidence::certain;
      finding.fixes.front().set["user"] = std::string(service->user);
    }
    return finding;
  }
  if (facts.provider == "ses") return finding_of("M4021", std::move(more));
  if (is_personal_microsoft(facts)) return finding_of("M4014", std::move(more));
  return std::nullopt;
}

// The server says no more than that it is wrong.
bool says_only_wrong(const Refusal& refusal) {
  return refusal.is("M4001") || refusal.is("M4018") || refusal.is("M4021");
}

// The account's own password is as wrong there as a mistyped one.
void add_app_password(const LoginFacts& facts, const Refusal& refusal, Finding& finding) {
  const bool says_little = finding.id == "M4001" || (finding.id == "M4009" && !refusal.transient);
  if (!says_little || !is_among(app_password_providers, facts.provider)) return;
  finding.notes.emplace_back(
      "This provider wants an app password here, made for one program; the account's own is "
      "refused in the same words (waypost explain M4006).");
}

// A 4yz says that nothing was judged; words of a wrong login behind it say the contrary.
void doubt_the_code(const Refusal& refusal, Finding& finding) {
  if (finding.id != "M4008" || refusal.reply_class != classify::ReplyClass::auth_failed) return;
  const std::string words = base::to_lower(finding.observed);
  const bool says_wrong = words.find("invalid") != std::string::npos ||
                          words.find("incorrect") != std::string::npos ||
                          words.find("wrong") != std::string::npos;
  if (!says_wrong) return;
  finding.confidence = Confidence::possible;
  finding.notes.emplace_back(
      "The code says \"later\", and the words speak of a wrong login: check user name and password "
      "as well (waypost explain M4001).");
}

// Their accounts are shut to programs at first, and some say of it no more than "wrong".
void add_switched_off(const LoginFacts& facts, Finding& finding) {
  constexpr std::string_view providers[] = {"yandex", "netease", "mailru"};
  constexpr std::string_view hosts[] = {"mail.gmx.net", "mail.gmx.com", "smtp.web.de"};
  if (finding.id != "M4001" ||
      !(is_among(providers, facts.provider) || is_among(hosts, facts.host)))
    return;
  finding.notes.emplace_back(
      "This provider lets programs in only once that is switched on in the account's settings on "
      "its web page; it may say the same before (waypost explain M4031).");
}

// The others that the server lists and that take the same kind of secret.
std::vector<std::string> other_mechanisms(const LoginFacts& facts) {
  constexpr std::string_view with_password[] = {"PLAIN",       "LOGIN",         "CRAM-MD5",
                                                "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"};
  constexpr std::string_view with_token[] = {"XOAUTH2", "OAUTHBEARER"};
  std::vector<std::string> others;
  std::string_view rest = facts.mechanisms;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(", "), rest.size());
    const std::string one = base::to_upper(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 2, rest.size()));
    const bool fits = facts.by_token ? is_among(with_token, one) : is_among(with_password, one);
    if (fits && !base::equals_ignoring_case(one, facts.mechanism)) others.push_back(one);
  }
  return others;
}

bool lists_mechanism(const LoginFacts& facts) {
  const std::string list = ", " + base::to_upper(facts.mechanisms) + ",";
  return !facts.mechanism.empty() &&
         list.find(", " + base::to_upper(facts.mechanism) + ",") != std::string::npos;
}

// It was listed, so that "offered is, wanted is" would say nothing.
Finding refused_mechanism(const LoginFacts& facts, Parameters values) {
  const std::vector<std::string> others = other_mechanisms(facts);
  if (!others.empty()) {
    values["seen"] = fmt::format("{}", fmt::join(others, ", "));
    values["meant"] = others.front();
  }
  return finding_of("M4034", std::move(values));
}

// A provider's own rules know its words, and take every other login that it refuses for wrong. What
// all servers mean by words that say more goes before that.
Refusal judge_words(const smtp::Reply& reply, std::string_view provider) {
  constexpr std::string_view telling[] = {"M4006", "M4009", "M4010", "M4031"};
  Refusal refusal = judge_refusal(reply, login_rung, smtp::AttemptPhase::login, provider);
  if (provider.empty() || !(says_only_wrong(refusal) || refusal.is("M4006"))) return refusal;
  const Refusal anybodys = judge_refusal(reply, login_rung, smtp::AttemptPhase::login, {});
  return is_among(telling, anybodys.check->id) ? anybodys : refusal;
}

}  // namespace

Finding judge_login(const smtp::Reply& reply, LoginFacts facts) {
  const Refusal refusal = judge_words(reply, facts.provider);
  // The words may betray who speaks although the host's name does not.
  if (facts.provider.empty()) facts.provider = refusal.provider;
  Parameters values{{"host", facts.host},           {"port", facts.port},
                    {"user", facts.user},           {"sender", facts.user},
                    {"mechanism", facts.mechanism}, {"mechanisms", facts.mechanisms}};
  std::optional<Finding> finding;
  if (says_only_wrong(refusal)) {
    if (facts.by_token) {
      values["seen"] = facts.token_note.empty() ? reply.text() : facts.token_note;
      finding = finding_of("M4011", values);
    } else {
      finding = by_written_form(facts, values);
      if (!finding) finding = by_user_name(facts, values);
      if (!finding) finding = by_provider(facts, values);
    }
  }
  if (refusal.is("M4005") && lists_mechanism(facts)) {
    finding = refused_mechanism(facts, values);
    finding->temporary = refusal.transient;
  }
  // Nobody logs in here before there is TLS.
  if (refusal.is("M4023")) {
    finding = finding_of("M4027", values);
    finding->temporary = refusal.transient;
  }
  if (!finding) finding = finding_of(refusal, reply, std::move(values));
  finding->observed = reply.text();
  add_app_password(facts, refusal, *finding);
  doubt_the_code(refusal, *finding);
  add_switched_off(facts, *finding);
  return *std::move(finding);
}

}  // namespace waypost::doctor
