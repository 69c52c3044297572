#include "sasl/server.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/utf8.h"
#include "sasl/server_mechanisms.h"

namespace waypost::sasl {

std::vector<std::string_view> server_mechanisms(bool has_binding, bool takes_tokens) {
  std::vector<std::string_view> mechanisms{"SCRAM-SHA-256", "PLAIN", "LOGIN"};
  if (has_binding) mechanisms.insert(mechanisms.begin(), "SCRAM-SHA-256-PLUS");
  if (takes_tokens) mechanisms.insert(mechanisms.end(), {"OAUTHBEARER", "XOAUTH2"});
  return mechanisms;
}

Result<std::unique_ptr<ServerExchange>> start_server(std::string_view mechanism, ServerSide side) {
  const auto is = [&](std::string_view name) {
    return base::equals_ignoring_case(mechanism, name);
  };
  const bool has_binding = !side.bindings.empty();
  if (is("PLAIN")) return start_plain_server();
  if (is("LOGIN")) return start_login_server();
  if (is("SCRAM-SHA-256")) return start_scram_server(false, std::move(side));
  if (has_binding && is("SCRAM-SHA-256-PLUS")) return start_scram_server(true, std::move(side));
  if (side.token_scope && is("OAUTHBEARER"))
    return start_oauthbearer_server(*std::move(side.token_scope));
  if (side.token_scope && is("XOAUTH2")) return start_xoauth2_server(*std::move(side.token_scope));
  return failure(ErrorCode::invalid_input, "this login mechanism is not on offer");
}

Step refuse(std::string reason) {
  Step step;
  step.reason = std::move(reason);
  return step;
}

Step challenge(std::string octets) {
  Step step;
  step.kind = Step::Kind::challenge;
  step.challenge = std::move(octets);
  return step;
}

Step succeed(std::string login) {
  Step step;
  step.kind = Step::Kind::success;
  step.login = std::move(login);
  return step;
}

std::string_view fault_of_login(std::string_view login) {
  if (login.empty()) return "the login name is empty";
  if (!base::is_utf8(login)) return "the login name is not UTF-8";
  if (std::any_of(login.begin(), login.end(), base::is_control))
    return "the login name has control characters";
  return "";
}

}  // namespace waypost::sasl
