#pragma once

#include <optional>
#include <string>

#include "config/config.h"
#include "doctor/walk.h"
#include "events/event.h"

namespace waypost::daemon {

// What the doctor is asked about a site, and whose way it walks.
struct SiteQuestion {
  std::string site;         // as site_of() has it
  doctor::Request request;  // without a login
  // The server's refusal of our login: it tells all, so that nobody is asked again. Empty for none.
  std::string refused_login = {};
  bool failed_at_tls = false;  // what else is said of TLS does not stop mail
};

// Where the mail of a deferred recipient goes, by the configuration that it was sent with. None
// where the doctor would go another way than mail: through a proxy, or at a next hop that is not
// known any more.
std::optional<SiteQuestion> question_about(const config::Config& config,
                                           const events::Event& event);

}  // namespace waypost::daemon
