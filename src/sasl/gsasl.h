#pragma once

#include <memory>
#include <string_view>

#include <gsasl.h>

#include "base/channel_binding.h"
#include "base/result.h"
#include "base/secret.h"

// Only for the .cc files of this folder.
namespace waypost::sasl {

struct FinishSession {
  void operator()(Gsasl_session* session) const { gsasl_finish(session); }
};
using OwnedSession = std::unique_ptr<Gsasl_session, FinishSession>;

Result<OwnedSession> start_session(const char* mechanism, bool server);

// Sets where the credentials of a server's session go when libgsasl asks for their validation.
struct Validation {
  virtual ~Validation() = default;
  virtual void validate(Gsasl_session* session) = 0;
};
void set_validation(Gsasl_session* session, Validation& validation);

// Moves what libgsasl allocated, which may be null, and wipes it.
Secret take_secret(char* octets, size_t size);

Result<void> set_property(Gsasl_session* session, Gsasl_property which, std::string_view value);
Result<void> set_binding(Gsasl_session* session, const ChannelBinding& binding);

// The property's octets; "" when it is not set. Valid until it is changed.
std::string_view property(Gsasl_session* session, Gsasl_property which);
// libgsasl frees its properties without wiping them.
void wipe_property(Gsasl_session* session, Gsasl_property which);

}  // namespace waypost::sasl
