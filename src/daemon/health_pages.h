#pragma once

#include "daemon/health.h"
#include "web/router.h"

namespace waypost::daemon {

// GET /healthz: the process lives and its loop answers. GET /readyz: 200 when mail can come in and
// go out, 503 when not; both with every check by name. `health` outlives the router.
void add_health_pages(web::Router& router, const Health& health);

}  // namespace waypost::daemon
