#pragma once

#include "doctor/walk.h"

namespace waypost::doctor {

// The ladder up to TLS, for who looks by itself and must not be a nuisance: one way, as it is asked
// for. Other ports and modes are neither tried nor compared, nobody logs in, and mail is not spoken
// of. The report has three rungs; what of `request` belongs to the others is not used.
io::Task<Report> walk_to_tls(Context& context, Request request);

}  // namespace waypost::doctor
