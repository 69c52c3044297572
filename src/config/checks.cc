#include "config/checks.h"

#include <map>

#include <fmt/format.h>

#include "base/time.h"
#include "config/schema.h"
#include "toml/wording.h"

namespace waypost::config {

using toml::in_backquotes;
namespace {

struct Complaint {
  std::string message;
  std::string expected;
  std::string help;
};

void complain(Notebook& notebook, Severity severity, const Place& place, Complaint complaint) {
  Diagnostic diagnostic;
  diagnostic.severity = severity;
  diagnostic.message = std::move(complaint.message);
  diagnostic.expected = std::move(complaint.expected);
  diagnostic.help = std::move(complaint.help);
  notebook.report(place, std::move(diagnostic));
}

void refuse_at(Notebook& notebook, const Place& place, Complaint complaint) {
  complain(notebook, Severity::error, place, std::move(complaint));
}

void warn_at(Notebook& notebook, const Place& place, Complaint complaint) {
  complain(notebook, Severity::warning, place, std::move(complaint));
}

std::string item(std::string_view section, size_t index) {
  return fmt::format("{}[{}]", section, index);
}

// The place of the first of the two that somebody wrote.
Place first_written(const Notebook& notebook, const std::string& a, const std::string& b) {
  return notebook.is_written(a) ? notebook.place(a) : notebook.place(b);
}

void check_required(Notebook& notebook) {
  for (const KeyText& key : find_section("")->keys)
    if (key.required && !notebook.is_written(std::string(key.name)))
      report_missing_key(notebook, "", key, {});
}

void check_any_listener(Notebook& notebook, const Config& config) {
  if (!config.listeners.empty() || !notebook.is_usable("listener")) return;
  refuse_at(notebook, {},
            {"there is no [[listener]]", "",
             "without one nobody can hand mail to Waypost; for this machine alone, add\n"
             "[[listener]]\naddress = \"127.0.0.1:2525\"\ntls = \"none\"\n"
             "trusted_networks = [\"127.0.0.0/8\"]"});
}

void check_reachable(Notebook& notebook, const Config& config, size_t index) {
  const Listener& listener = config.listeners[index];
  std::string path = item("listener", index);
  if (listener.tls != TlsMode::none || !listener.trusted_networks.empty() ||
      !notebook.is_usable(path + ".trusted_networks"))
    return;
  refuse_at(notebook, notebook.place(path + ".tls"),
            {"nobody could ever send through this listener", "no TLS, and no trusted networks",
             "a login needs TLS: write `tls = \"starttls\"`, or name the networks that may send "
             "without a login: `trusted_networks = [\"127.0.0.0/8\"]`"});
}

void check_port_habits(Notebook& notebook, const Config& config, size_t index) {
  const Listener& listener = config.listeners[index];
  std::string path = item("listener", index);
  if (!notebook.is_usable(path + ".tls") || !notebook.is_usable(path + ".address")) return;
  Place place = first_written(notebook, path + ".tls", path + ".address");
  uint16_t port = listener.address.port;
  if (port == 465 && listener.tls != TlsMode::implicit)
    warn_at(notebook, place,
            {"clients on port 465 begin with TLS at once", "expected `tls = \"implicit\"` on 465",
             "RFC 8314 §3.3 gives port 465 to implicit TLS; STARTTLS is for 587 and 25"});
  if ((port == 587 || port == 25) && listener.tls == TlsMode::implicit)
    warn_at(notebook, place,
            {fmt::format("clients on port {} do not begin with TLS", port),
             fmt::format("expected `tls = \"starttls\"` on {}", port),
             "RFC 8314 §3.3 gives port 465 to implicit TLS; STARTTLS is for 587 and 25"});
}

void check_addresses_differ(Notebook& notebook, const Config& config) {
  std::map<base::Endpoint, size_t> first;
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const Listener& listener = config.listeners[i];
    std::string path = item("listener", i) + ".address";
    if (listener.address.port == 0 || !notebook.is_written(path) || !notebook.is_usable(path))
      continue;
    auto [known, is_new] = first.try_emplace(listener.address, i);
    if (is_new) continue;
    Place place = notebook.place(item("listener", known->second) + ".address");
    refuse_at(notebook, notebook.place(path),
              {fmt::format("two listeners have the address {}", listener.address.text()),
               fmt::format("first used at {}", notebook.origin(place).text()),
               "give each listener its own port"});
  }
}

void check_listeners(Notebook& notebook, const Config& config) {
  check_any_listener(notebook, config);
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    check_reachable(notebook, config, i);
    check_port_habits(notebook, config, i);
  }
  check_addresses_differ(notebook, config);
}

void check_certificate_needed(Notebook& notebook, const Config& config) {
  if (notebook.is_written("tls.certificate") || notebook.is_written("tls.key")) return;
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    std::string path = item("listener", i);
    bool wants_tls = config.listeners[i].tls != TlsMode::none && notebook.is_usable(path + ".tls");
    if (!wants_tls) continue;
    Place place =
        notebook.is_written(path + ".tls") ? notebook.place(path + ".tls") : notebook.place(path);
    return refuse_at(notebook, place,
                     {"this listener offers TLS, but there is no certificate", "",
                      "add\n[tls]\ncertificate = \"/etc/waypost/tls/fullchain.pem\"\n"
                      "key = \"/etc/waypost/tls/privkey.pem\"\n"
                      "or write `tls = \"none\"` for a listener of trusted networks alone"});
  }
}

void check_tls(Notebook& notebook, const Config& config) {
  check_certificate_needed(notebook, config);
  bool has_certificate = notebook.is_written("tls.certificate");
  bool has_key = notebook.is_written("tls.key");
  if (has_certificate && !has_key)
    refuse_at(notebook, notebook.place("tls.certificate"),
              {"the certificate has no key", "",
               "add `key = \"/etc/waypost/tls/privkey.pem\"` under [tls]: the PEM file with the "
               "private key"});
  if (has_key && !has_certificate)
    refuse_at(notebook, notebook.place("tls.key"),
              {"the key has no certificate", "",
               "add `certificate = \"/etc/waypost/tls/fullchain.pem\"` under [tls]: the PEM file "
               "with the certificate chain"});
}

void check_idle(Notebook& notebook, const Config& config) {
  if (!notebook.is_usable("limits.session_idle") ||
      config.limits.session_idle >= std::chrono::minutes(5))
    return;
  warn_at(notebook, notebook.place("limits.session_idle"),
          {"clients may be cut off while they still work", "expected at least \"5m\"",
           "RFC 5321 §4.5.3.2.7 asks a server to wait five minutes for the next command"});
}

void check_queue(Notebook& notebook, const Config& config) {
  const QueueSettings& queue = config.queue;
  if (!notebook.is_usable("queue.retry_first")) return;
  std::string first = base::to_human(queue.retry_first);
  if (notebook.is_usable("queue.retry_max") && queue.retry_first > queue.retry_max)
    refuse_at(notebook, first_written(notebook, "queue.retry_first", "queue.retry_max"),
              {"the first wait is longer than the longest", "",
               fmt::format("`retry_first` is {} and `retry_max` {}: raise `retry_max` or lower "
                           "`retry_first`",
                           first, base::to_human(queue.retry_max))});
  if (notebook.is_usable("queue.expire_after") && queue.expire_after <= queue.retry_first)
    refuse_at(notebook, first_written(notebook, "queue.expire_after", "queue.retry_first"),
              {"every message would expire before its second attempt", "",
               fmt::format("`expire_after` is {} and `retry_first` {}: a server that asks to come "
                           "back later would never be asked again",
                           base::to_human(queue.expire_after), first)});
}

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
                    HopTlsMode tls_mode) {
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

void check_delivery(Notebook& notebook, const Config& config) {
  for (const char* key : {"delivery.tls_mode", "delivery.login"})
    if (notebook.is_written(key) && !notebook.is_written("delivery.next_hop"))
      refuse_at(notebook, notebook.place(key),
                {"there is no `next_hop` that this could be for", "",
                 "add `next_hop` under [delivery], or move this line to a [[route]]"});
  if (config.delivery.next_hop) {
    check_hop_login(notebook, "delivery", config.delivery.tls);
    check_hop_port(notebook, "delivery", *config.delivery.next_hop, config.delivery.tls_mode);
  }
  for (const char* key : {"delivery.next_hop", "delivery.mx_port"})
    if (!notebook.is_written(key) || !notebook.is_usable(key)) return;
  warn_at(notebook, notebook.place("delivery.mx_port"),
          {"`mx_port` has no effect here", "",
           "all mail goes to `next_hop`, which has its own port: delete one of the two"});
}

// Finds what two tables share; `seen` maps it to the first place.
void check_once(Notebook& notebook, std::map<std::string, Place>& seen, const std::string& value,
                const Place& place, std::string_view table, std::string_view what) {
  auto [known, is_new] = seen.try_emplace(value, place);
  if (is_new) return;
  refuse_at(notebook, place,
            {fmt::format("the {} {} is used twice", what, in_backquotes(value)),
             fmt::format("first used at {}", notebook.origin(known->second).text()),
             fmt::format("only one of the two could apply: give each {} its own {}", table, what)});
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
    for (const std::string& pattern : route.match)
      check_once(notebook, patterns, pattern, match, "[[route]]", "pattern");
    if (match.line != 0 && notebook.is_usable(path + ".match") && route.match.empty())
      refuse_at(notebook, match,
                {"`match` is empty", "expected at least one domain, or \"*\"",
                 "a route that matches nothing has no effect"});
    check_hop_login(notebook, path, route.tls);
    check_hop_port(notebook, path, route.next_hop, route.tls_mode);
  }
  check_route_order(notebook, config);
}

void check_sites(Notebook& notebook, const Config& config) {
  std::map<std::string, Place> ids;
  std::map<std::string, Place> patterns;
  for (size_t i = 0; i < config.sites.size(); ++i) {
    const SiteRule& site = config.sites[i];
    std::string path = item("site", i);
    Place match = notebook.place(path + ".match");
    if (!site.id.empty())
      check_once(notebook, ids, site.id, notebook.place(path + ".id"), "[[site]]", "id");
    for (const std::string& pattern : site.match)
      check_once(notebook, patterns, pattern, match, "[[site]]", "pattern");
    if (match.line != 0 && notebook.is_usable(path + ".match") && site.match.empty())
      refuse_at(notebook, match,
                {"`match` is empty", "expected at least one domain",
                 "a rule that matches nothing has no effect"});
  }
}

}  // namespace

void check_whole(Notebook& notebook, const Config& config) {
  check_required(notebook);
  check_listeners(notebook, config);
  check_tls(notebook, config);
  check_idle(notebook, config);
  check_queue(notebook, config);
  check_delivery(notebook, config);
  check_sites(notebook, config);
  check_routes(notebook, config);
}

}  // namespace waypost::config
