#include "sasl/client.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "sasl/client_mechanisms.h"

namespace waypost::sasl {
namespace {

using Start = Result<std::unique_ptr<ClientExchange>> (*)(std::string_view mechanism, ClientLogin);

struct Known {
  std::string_view name;
  bool shows_secret;  // to whoever reads along
  bool needs_binding;
  bool takes_password;  // else a token
  Start start;
};

// Best first.
constexpr std::array<Known, 7> known{{
    {"SCRAM-SHA-256-PLUS", false, true, true, start_gsasl_client},
    {"SCRAM-SHA-256", false, false, true, start_gsasl_client},
    {"PLAIN", true, false, true, start_gsasl_client},
    {"LOGIN", true, false, true, start_login_client},
    {"CRAM-MD5", false, false, true, start_gsasl_client},
    {"XOAUTH2", true, false, false, start_token_client},
    {"OAUTHBEARER", true, false, false, start_token_client},
}};

constexpr size_t mechanism_octets_max = 20;  // RFC 4422 §3.1
constexpr size_t named_mechanisms_max = 8;

bool contains(std::span<const std::string> offered, std::string_view name) {
  return std::any_of(offered.begin(), offered.end(),
                     [&](const std::string& one) { return base::equals_ignoring_case(one, name); });
}

bool is_auto(std::string_view wanted) {
  return wanted.empty() || base::equals_ignoring_case(wanted, "auto");
}

bool is_wanted(std::string_view wanted, const Known& mechanism) {
  if (is_auto(wanted)) return mechanism.takes_password;
  if (base::equals_ignoring_case(wanted, "SCRAM-SHA-256"))
    return mechanism.name.starts_with("SCRAM-SHA-256");
  return base::equals_ignoring_case(wanted, mechanism.name);
}

// Offensive octets are left out: it is the server that chose them.
std::string list_of(std::span<const std::string> offered) {
  std::string list;
  size_t named = 0;
  for (const std::string& name : offered) {
    const bool sound = !name.empty() && name.size() <= mechanism_octets_max &&
                       std::all_of(name.begin(), name.end(), [](char c) {
                         return base::is_alnum(c) || c == '-' || c == '_';
                       });
    if (!sound) continue;
    if (++named > named_mechanisms_max) return list + " ...";
    list += (list.empty() ? "" : " ") + name;
  }
  return list;
}

std::string why_none(std::span<const std::string> offered, const ClientLogin& login) {
  const std::string list = list_of(offered);
  if (list.empty()) return "the server offers no login";
  const std::string wanted =
      is_auto(login.mechanism) ? "one that takes a password" : base::to_upper(login.mechanism);
  std::string why =
      fmt::format("the server offers the login mechanisms {}, and not {}", list, wanted);
  if (!login.encrypted) why += " that keeps the secret to itself without TLS";
  return why;
}

const Known* choose(std::span<const std::string> offered, const ClientLogin& login) {
  for (const Known& mechanism : known) {
    const bool usable =
        (login.encrypted || !mechanism.shows_secret) && (login.binding || !mechanism.needs_binding);
    if (usable && is_wanted(login.mechanism, mechanism) && contains(offered, mechanism.name))
      return &mechanism;
  }
  return nullptr;
}

Result<void> check(const ClientLogin& login) {
  const std::string& secret = login.secret.reveal();
  if (login.name.empty() || !base::is_utf8(login.name) ||
      std::any_of(login.name.begin(), login.name.end(), base::is_control))
    return failure(ErrorCode::invalid_input,
                   "the login name must be UTF-8 without control characters, and not empty");
  if (secret.empty() || !base::is_utf8(secret) ||
      std::any_of(secret.begin(), secret.end(), base::is_control))
    return failure(ErrorCode::invalid_input,
                   "the secret must be UTF-8 without control characters, and not empty");
  // Both come in one message, beside what the mechanism adds; SCRAM may write a comma as "=2C".
  if (3 * login.name.size() + secret.size() + 64 > client_message_octets_max)
    return failure(ErrorCode::invalid_input, "the login name and the secret are too long");
  return {};
}

}  // namespace

Result<std::string_view> choose_client_mechanism(std::span<const std::string> offered,
                                                 const ClientLogin& login) {
  if (const Known* chosen = choose(offered, login)) return chosen->name;
  return failure(ErrorCode::not_found, why_none(offered, login));
}

Result<std::unique_ptr<ClientExchange>> start_client(std::span<const std::string> offered,
                                                     ClientLogin login, io::Rng&) {
  TRY_VOID(check(login));
  const Known* chosen = choose(offered, login);
  if (!chosen) return failure(ErrorCode::not_found, why_none(offered, login));
  if (!chosen->needs_binding) login.binding.reset();
  return chosen->start(chosen->name, std::move(login));
}

}  // namespace waypost::sasl
