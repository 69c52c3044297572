#include <map>

#include <fmt/format.h>

#include "config/complaint.h"
#include "config/table_checks.h"

namespace waypost::config {
namespace {

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
  if (listener.tls != TlsMode::none || !listener.trusted_networks.empty() || listener.inbound ||
      listener.login_without_tls != LoginWithoutTls::never ||
      !notebook.is_usable(path + ".login_without_tls") ||
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
  std::map<std::string, size_t> first;
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const Listener& listener = config.listeners[i];
    std::string path = item("listener", i) + ".address";
    const bool is_passed = !listener.socket_name.empty();
    const bool is_fixed = is_passed || listener.address.port != 0;
    if (!is_fixed || !notebook.is_written(path) || !notebook.is_usable(path)) continue;
    const std::string address =
        is_passed ? "systemd:" + listener.socket_name : listener.address.text();
    auto [known, is_new] = first.try_emplace(address, i);
    if (is_new) continue;
    Place place = notebook.place(item("listener", known->second) + ".address");
    refuse_at(notebook, notebook.place(path),
              {fmt::format("two listeners have the address {}", address),
               fmt::format("first used at {}", notebook.origin(place).text()),
               "give each listener its own port"});
  }
}

void check_sender_domains(Notebook& notebook, const Config& config, size_t index) {
  const Listener& listener = config.listeners[index];
  std::string path = item("listener", index);
  if (listener.sender_domains.empty() || !listener.trusted_networks.empty() ||
      !notebook.is_usable(path + ".trusted_networks"))
    return;
  warn_at(notebook, notebook.place(path + ".sender_domains"),
          {"the list `sender_domains` has no effect here", "",
           "it is for the trusted networks of a listener, and this one has none; the domains of a "
           "login are set by `waypost keys create NAME --domain DOMAIN`"});
}

}  // namespace

void check_listeners(Notebook& notebook, const Config& config) {
  check_any_listener(notebook, config);
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    check_reachable(notebook, config, i);
    check_port_habits(notebook, config, i);
    check_sender_domains(notebook, config, i);
  }
  check_addresses_differ(notebook, config);
}

}  // namespace waypost::config
