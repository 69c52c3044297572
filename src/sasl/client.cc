#include "sasl/client.h"

#include <string.h>

#include <fmt/format.h>

#include "base/utf8.h"
#include "sasl/gsasl.h"
#include "sasl/server.h"

namespace waypost::sasl {
namespace {

bool is_usable(std::string_view text) {
  return !text.empty() && text.find('\0') == text.npos && base::is_utf8(text);
}

}  // namespace

Result<Secret> plain_initial_response(std::string_view login, const Secret& password) {
  if (!is_usable(login)) return failure(ErrorCode::invalid_input, "the login name is not usable");
  if (!is_usable(password.reveal()))
    return failure(ErrorCode::invalid_input, "the password is not usable");
  // Two NULs come with them.
  if (login.size() + password.reveal().size() + 2 > message_octets_max)
    return failure(ErrorCode::invalid_input, "the login name and password are too long");
  TRY(OwnedSession session, start_session("PLAIN", false));
  int status = gsasl_property_set_raw(session.get(), GSASL_AUTHID, login.data(), login.size());
  if (status == GSASL_OK)
    status = gsasl_property_set(session.get(), GSASL_PASSWORD, password.reveal().c_str());
  char* octets = nullptr;
  size_t size = 0;
  if (status == GSASL_OK) status = gsasl_step(session.get(), nullptr, 0, &octets, &size);
  wipe_property(session.get(), GSASL_PASSWORD);
  if (status != GSASL_OK)
    return failure(ErrorCode::invalid_input,
                   fmt::format("no PLAIN message could be made: {}", gsasl_strerror(status)));
  Secret response{std::string_view(octets, size)};
  explicit_bzero(octets, size);
  gsasl_free(octets);
  return response;
}

}  // namespace waypost::sasl
