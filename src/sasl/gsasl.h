#pragma once

#include <memory>
#include <string_view>

#include <gsasl.h>

#include "base/result.h"

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

// The property's octets; "" when it is not set. Valid until it is changed.
std::string_view property(Gsasl_session* session, Gsasl_property which);
// libgsasl frees its properties without wiping them.
void wipe_property(Gsasl_session* session, Gsasl_property which);

}  // namespace waypost::sasl
