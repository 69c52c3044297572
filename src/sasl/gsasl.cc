#include "sasl/gsasl.h"

#include <string.h>

#include <fmt/format.h>

#include "sasl/base64.h"

namespace waypost::sasl {
namespace {

// libgsasl asks here for whatever it misses; the credentials are judged later, by the session.
int answer(Gsasl*, Gsasl_session* session, Gsasl_property asked) {
  if (asked != GSASL_VALIDATE_SIMPLE) return GSASL_NO_CALLBACK;
  auto* validation = static_cast<Validation*>(gsasl_session_hook_get(session));
  if (!validation) return GSASL_NO_CALLBACK;
  validation->validate(session);
  return GSASL_OK;
}

// One for the process: it only lists the mechanisms, and sessions do not change it.
Gsasl* shared_context() {
  static Gsasl* context = [] {
    Gsasl* made = nullptr;
    if (gsasl_init(&made) != GSASL_OK) return static_cast<Gsasl*>(nullptr);
    gsasl_callback_set(made, answer);
    return made;
  }();
  return context;
}

}  // namespace

Result<OwnedSession> start_session(const char* mechanism, bool server) {
  Gsasl* context = shared_context();
  if (!context) return failure(ErrorCode::resource_exhausted, "libgsasl could not be set up");
  Gsasl_session* session = nullptr;
  int status = server ? gsasl_server_start(context, mechanism, &session)
                      : gsasl_client_start(context, mechanism, &session);
  if (status == GSASL_OK) return OwnedSession(session);
  return failure(ErrorCode::invalid_input, fmt::format("the login mechanism {} did not start: {}",
                                                       mechanism, gsasl_strerror(status)));
}

void set_validation(Gsasl_session* session, Validation& validation) {
  gsasl_session_hook_set(session, &validation);
}

Secret take_secret(char* octets, size_t size) {
  if (!octets) return Secret();
  Secret taken{std::string_view(octets, size)};
  explicit_bzero(octets, size);
  gsasl_free(octets);
  return taken;
}

Result<void> set_binding(Gsasl_session* session, const ChannelBinding& binding) {
  const Gsasl_property which = binding.type == ChannelBinding::Type::tls_exporter
                                   ? GSASL_CB_TLS_EXPORTER
                                   : GSASL_CB_TLS_UNIQUE;
  return set_property(session, which, base64_encode(binding.octets));
}

Result<void> set_property(Gsasl_session* session, Gsasl_property which, std::string_view value) {
  const int status = gsasl_property_set_raw(session, which, value.data(), value.size());
  if (status == GSASL_OK) return {};
  return failure(ErrorCode::resource_exhausted, gsasl_strerror(status));
}

std::string_view property(Gsasl_session* session, Gsasl_property which) {
  const char* value = gsasl_property_fast(session, which);
  return value ? value : std::string_view();
}

void wipe_property(Gsasl_session* session, Gsasl_property which) {
  const char* value = gsasl_property_fast(session, which);
  // Its own copy on the heap, const only for those who look.
  if (value) explicit_bzero(const_cast<char*>(value), strlen(value));
  gsasl_property_free(session, which);
}

}  // namespace waypost::sasl
