#include <map>

#include <fmt/format.h>

#include "config/complaint.h"
#include "config/delivery_route.h"
#include "config/table_checks.h"

namespace waypost::config {
namespace {

// `path` is "delivery" or "route[0]".
void check_hop_login(Notebook& notebook, const std::string& path, DeliveryTls tls) {
  std::string login = path + ".login";
  std::string secret_file = path + ".secret_file";
  if (notebook.is_written(login) && !notebook.is_written(secret_file))
    refuse_at(notebook, notebook.place(login),
              {"the login has no secret", "",
               "add `secret_file = \"/etc/waypost/smarthost.secret\"`: a file that holds the "
               "password, which only the user of Waypost may read"});
  for (const char* key : {".secret_file", ".mechanism"})
    if (notebook.is_written(path + key) && !notebook.is_written(login))
      refuse_at(notebook, notebook.place(path + key),
                {"there is a way to log in, but nobody who does", "",
                 "add `login = \"name\"`, or delete this line"});
  if (notebook.is_written(login) && tls == DeliveryTls::never && notebook.is_usable(path + ".tls"))
    refuse_at(notebook, notebook.place(path + ".tls"),
              {"a login without TLS would show the password to everybody on the way", "",
               "delete `tls`: with a login, TLS with a certificate that holds is required"});
}

void check_hop_port(Notebook& notebook, const std::string& path, const NextHop& next_hop,
                    HopTlsMode tls_mode, DeliveryTls tls) {
  if (tls_mode == HopTlsMode::implicit && tls == DeliveryTls::never &&
      notebook.is_usable(path + ".tls"))
    refuse_at(notebook, notebook.place(path + ".tls_mode"),
              {"TLS cannot be both implicit and never", "", "delete `tls`, or `tls_mode`"});
  if (next_hop.port != 465 || tls_mode == HopTlsMode::implicit ||
      !notebook.is_usable(path + ".next_hop") || !notebook.is_usable(path + ".tls_mode"))
    return;
  warn_at(notebook, first_written(notebook, path + ".tls_mode", path + ".next_hop"),
          {"servers on port 465 begin with TLS at once", "expected `tls_mode = \"implicit\"` here",
           "RFC 8314 §3.3 gives port 465 to implicit TLS; STARTTLS is for 587 and 25"});
}

// Routes behind one for all domains are never asked.
void check_route_order(Notebook& notebook, const Config& config) {
  bool all_taken = false;
  for (size_t i = 0; i < config.routes.size(); ++i) {
    if (all_taken)
      warn_at(notebook, notebook.place(item("route", i)),
              {"this route never gets any mail", "",
               "the route before it matches \"*\", every domain: put that one last"});
    for (const std::string& pattern : config.routes[i].match) all_taken |= pattern == "*";
  }
}

}  // namespace

void check_delivery(Notebook& notebook, const Config& config) {
  for (const char* key : {"delivery.tls_mode", "delivery.login", "delivery.fallback_ports"})
    if (notebook.is_written(key) && !notebook.is_written("delivery.next_hop"))
      refuse_at(notebook, notebook.place(key),
                {"there is no `next_hop` that this could be for", "",
                 "add `next_hop` under [delivery], or move this line to a [[route]]"});
  if (config.delivery.next_hop) {
    check_hop_login(notebook, "delivery", config.delivery.tls);
    check_hop_port(notebook, "delivery", *config.delivery.next_hop, config.delivery.tls_mode,
                   config.delivery.tls);
  }
  for (const char* key : {"delivery.next_hop", "delivery.mx_port"})
    if (!notebook.is_written(key) || !notebook.is_usable(key)) return;
  warn_at(notebook, notebook.place("delivery.mx_port"),
          {"`mx_port` has no effect here", "",
           "all mail goes to `next_hop`, which has its own port: delete one of the two"});
}

void check_routes(Notebook& notebook, const Config& config) {
  std::map<std::string, Place> ids;
  std::map<std::string, Place> patterns;
  for (size_t i = 0; i < config.routes.size(); ++i) {
    const RouteRule& route = config.routes[i];
    std::string path = item("route", i);
    Place match = notebook.place(path + ".match");
    if (!route.id.empty())
      check_once(notebook, ids, route.id, notebook.place(path + ".id"), "[[route]]", "id");
    if (route.id == delivery_route_id)
      refuse_at(notebook, notebook.place(path + ".id"),
                {fmt::format("`{}` is the id of the route that [delivery] makes", route.id),
                 "expected another id", "mail, reports and logs tell routes apart by it"});
    for (const std::string& pattern : route.match)
      check_once(notebook, patterns, pattern, match, "[[route]]", "pattern");
    if (match.line != 0 && notebook.is_usable(path + ".match") && route.match.empty())
      refuse_at(notebook, match,
                {"`match` is empty", "expected at least one domain, or \"*\"",
                 "a route that matches nothing has no effect"});
    check_hop_login(notebook, path, route.tls);
    check_hop_port(notebook, path, route.next_hop, route.tls_mode, route.tls);
  }
  check_route_order(notebook, config);
}

}  // namespace waypost::config
