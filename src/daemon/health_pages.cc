#include "daemon/health_pages.h"

#include <boost/json.hpp>

#include "base/utf8.h"

namespace waypost::daemon {
namespace {

web::Response ready_page(const Health& health) {
  boost::json::array checks;
  for (const auto& [name, check] : health.checks()) {
    boost::json::object object{{"name", name},
                               {"ok", !check.trouble},
                               {"stops_mail", check.weight == Health::Weight::stops_mail}};
    if (check.trouble) object["trouble"] = base::to_valid_utf8(*check.trouble);
    checks.push_back(std::move(object));
  }
  boost::json::object body{{"ready", health.ready()}, {"checks", std::move(checks)}};
  return {.code = health.ready() ? 200u : 503u, .body = boost::json::serialize(body) + "\n"};
}

io::Task<web::Response> at_once(web::Response response) { co_return response; }

}  // namespace

void add_health_pages(web::Router& router, const Health& health) {
  router.on("GET", "/healthz",
            [](web::Request) { return at_once({.body = "{\"alive\":true}\n"}); });
  router.on("GET", "/readyz", [&health](web::Request) { return at_once(ready_page(health)); });
}

}  // namespace waypost::daemon
