#pragma once

#include "bounces/incoming.h"
#include "classify/classifier.h"

namespace waypost::bounces {

// What the reply about a recipient means. Where its words say nothing, its status does. The views
// in the result point into `recipient`; its pointers into the reader's book. A reply that names
// `own_domain`, where that is known, is not about the recipient.
classify::Reading judge(const Recipient& recipient, classify::Reader& reader,
                        std::string_view own_domain = {});

// Whether there is anything to judge: nothing was refused where mail was delivered or passed on.
bool was_refused(const Recipient& recipient);

}  // namespace waypost::bounces
