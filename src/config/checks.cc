#include "config/checks.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/time.h"
#include "config/complaint.h"
#include "config/delivery_route.h"
#include "config/egress_checks.h"
#include "config/schema.h"
#include "toml/wording.h"

namespace waypost::config {

using toml::in_backquotes;
namespace {

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

// Listeners that are open to strangers, and the domains that these may write to, need each other.
void check_inbound(Notebook& notebook, const Config& config) {
  bool is_open = false;
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    is_open = is_open || config.listeners[i].inbound;
    if (!config.listeners[i].inbound || !config.inbound.empty() || !config.return_paths.empty())
      continue;
    refuse_at(notebook, notebook.place(item("listener", i) + ".inbound"),
              {"there is no domain that strangers could write to", "",
               "add\n[[inbound]]\ndomains = [\"example.com\"]"});
  }
  for (size_t i = 0; i < config.inbound.size(); ++i) {
    std::string path = item("inbound", i);
    Place domains = notebook.place(path + ".domains");
    if (domains.line != 0 && notebook.is_usable(path + ".domains") &&
        config.inbound[i].domains.empty())
      refuse_at(notebook, domains, {"`domains` is empty", "expected at least one domain", ""});
  }
  if (is_open || config.inbound.empty() || !notebook.is_usable("listener")) return;
  warn_at(notebook, notebook.place(item("inbound", 0)),
          {"no listener takes this mail", "",
           "write `inbound = true` under the [[listener]] that strangers reach, mostly the one on "
           "port 25"});
}

// A local part has 64 octets (RFC 5321 §4.5.3.1.1), the code 49, and a hyphen is in between.
constexpr size_t unsubscribe_name_octets_max = 14;

bool is_plain_in_addresses(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return base::is_alnum(c) || c == '-' || c == '_' || c == '.' || c == '+';
  });
}

// The field that is added holds an address: a name of `unsubscribe`, "-" and a code.
void check_unsubscribe_streams(Notebook& notebook, const ReturnPathRule& rule,
                               const std::string& path) {
  if (rule.unsubscribe_streams.empty() || !notebook.is_usable(path + ".unsubscribe")) return;
  if (rule.unsubscribe.empty())
    refuse_at(notebook, notebook.place(path + ".unsubscribe_streams"),
              {"there is no address that could stand in the field", "",
               "write `unsubscribe = [\"unsubscribe\"]` beside it"});
  else if (rule.unsubscribe.front().size() > unsubscribe_name_octets_max ||
           !is_plain_in_addresses(rule.unsubscribe.front()))
    refuse_at(notebook, notebook.place(path + ".unsubscribe"),
              {"the addresses that `unsubscribe_streams` asks for cannot begin with the first name",
               fmt::format("expected at most {} letters and digits", unsubscribe_name_octets_max),
               "put a short one first, like \"unsubscribe\""});
}

// Whether something comes back at all, and where it ends, shows only when it is too late.
void check_return_paths(Notebook& notebook, const Config& config) {
  std::map<std::string, Place> domains;
  bool is_open = !notebook.is_usable("listener");
  for (const Listener& listener : config.listeners) is_open = is_open || listener.inbound;
  for (size_t i = 0; i < config.return_paths.size(); ++i) {
    const ReturnPathRule& rule = config.return_paths[i];
    const std::string path = item("return_path", i);
    if (!rule.domain.empty())
      check_once(notebook, domains, rule.domain, notebook.place(path + ".domain"),
                 "[[return_path]]", "domain");
    for (const Inbound& inbound : config.inbound)
      if (std::find(inbound.domains.begin(), inbound.domains.end(), rule.domain) !=
          inbound.domains.end())
        refuse_at(notebook, notebook.place(path + ".domain"),
                  {"this domain is one of [[inbound]] as well", "",
                   "a return path needs a name of its own, like \"bounces." + rule.domain + "\""});
    check_unsubscribe_streams(notebook, rule, path);
    const std::string people = base::to_lower(rule.forward_to);
    for (const ReturnPathRule& other : config.return_paths)
      if (!other.domain.empty() && people.ends_with("@" + other.domain))
        refuse_at(notebook, notebook.place(path + ".forward_to"),
                  {"what is sent on would come back here", "",
                   "name a mailbox that somebody reads, in another domain"});
  }
  if (config.return_paths.empty()) return;
  const Place first = notebook.place(item("return_path", 0));
  if (!is_open)
    warn_at(notebook, first,
            {"no listener takes what comes back", "",
             "write `inbound = true` under the [[listener]] that the MX record of the domain leads "
             "to, mostly the one on port 25"});
  if (config.records.keep == Duration::zero())
    warn_at(notebook, first,
            {"without records, what comes back is matched only while the message waits", "",
             "set `keep` of [records] to as long as bounces may take, \"7d\" for example"});
}

void check_listeners(Notebook& notebook, const Config& config) {
  check_any_listener(notebook, config);
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    check_reachable(notebook, config, i);
    check_port_habits(notebook, config, i);
    check_sender_domains(notebook, config, i);
  }
  check_addresses_differ(notebook, config);
  check_inbound(notebook, config);
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

std::string in_oauth(std::string_view key) { return fmt::format("oauth.{}", key); }

// By keys, or by asking: what only the other way has a use for is a mistake.
void check_token_judge(Notebook& notebook) {
  const auto is_there = [&](std::string_view key) { return notebook.is_written(in_oauth(key)); };
  const bool asks = is_there("introspection_url");
  if (asks && is_there("keys_file"))
    refuse_at(notebook, notebook.place(in_oauth("introspection_url")),
              {"`keys_file` and `introspection_url` are both there", "expected one of them",
               "with keys a token is checked here, and its issuer is not asked"});
  for (std::string_view key : {"client_id", "client_secret_file"})
    if (!asks && is_there(key))
      refuse_at(
          notebook, notebook.place(in_oauth(key)),
          {fmt::format("without `introspection_url` there is no use for `{}`", key),
           "expected `introspection_url` as well", "it is for asking the issuer about a token"});
}

// Tokens are taken when it is said whose, for whom, and who judges them.
void check_oauth(Notebook& notebook, const Config& config) {
  constexpr std::array<std::string_view, 8> keys{
      "issuer",    "audiences",          "keys_file", "introspection_url",
      "client_id", "client_secret_file", "scope",     "domains_claim"};
  const auto is_there = [&](std::string_view key) { return notebook.is_written(in_oauth(key)); };
  const auto first = std::find_if(keys.begin(), keys.end(), is_there);
  if (first == keys.end()) return;
  const auto require = [&](std::string_view key, const char* expected, const char* why) {
    if (!is_there(key))
      refuse_at(notebook, notebook.place(in_oauth(*first)),
                {fmt::format("[oauth] lacks `{}`", key), expected, why});
  };
  for (std::string_view key : {"issuer", "audiences"})
    require(key, "expected `issuer` and `audiences`",
            "a token counts only if it is from this issuer and for this relay");
  if (!is_there("introspection_url"))
    require("keys_file", "expected `keys_file` or `introspection_url`",
            "a token is checked by the keys of its issuer, or by asking it");
  else
    for (std::string_view key : {"client_id", "client_secret_file"})
      require(key, "expected `client_id` and `client_secret_file`",
              "an issuer says what it knows of a token only to those whom it knows");
  check_token_judge(notebook);
  if (is_there("audiences") && notebook.is_usable(in_oauth("audiences")) &&
      config.oauth.audiences.empty())
    refuse_at(notebook, notebook.place(in_oauth("audiences")),
              {"`audiences` is empty", "expected at least one name",
               "without one, a token for any other service of the issuer would do"});
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

void check_records(Notebook& notebook, const Config& config) {
  Duration keep = config.records.keep;
  bool too_short = keep > Duration::zero() && keep < config.queue.expire_after;
  if (!too_short || !notebook.is_usable("records.keep")) return;
  refuse_at(
      notebook, first_written(notebook, "records.keep", "queue.expire_after"),
      {"records of mail that still waits would be removed", "",
       fmt::format("`keep` of [records] is {} and `expire_after` of [queue] {}: raise `keep`, "
                   "or write `keep = \"0s\"` for no records at all",
                   base::to_human(keep), base::to_human(config.queue.expire_after))});
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

// A rule for a site that the program knows may leave its hosts to the program.
void check_site_hosts(Notebook& notebook, const SiteRule& site, const std::string& path,
                      std::span<const std::string> known_sites) {
  bool is_known = std::find(known_sites.begin(), known_sites.end(), site.id) != known_sites.end();
  if (is_known || site.id.empty() || notebook.is_written(path + ".match")) return;
  const std::vector<std::string_view> names(known_sites.begin(), known_sites.end());
  Diagnostic diagnostic;
  diagnostic.message = "`match` is missing in this [[site]]";
  diagnostic.help = fmt::format(
      "{} is no site that Waypost knows (`waypost providers --known`): write which recipient "
      "domains "
      "or MX hosts it is, as `match = [\"gmail.com\", \"*.google.com\"]`",
      in_backquotes(site.id));
  diagnostic.did_you_mean = toml::closest(site.id, names);
  notebook.report(notebook.place(path + ".id"), std::move(diagnostic));
}

void check_sites(Notebook& notebook, const Config& config,
                 std::span<const std::string> known_sites) {
  std::map<std::string, Place> ids;
  std::map<std::string, Place> patterns;
  for (size_t i = 0; i < config.sites.size(); ++i) {
    const SiteRule& site = config.sites[i];
    std::string path = item("site", i);
    Place match = notebook.place(path + ".match");
    if (!site.id.empty())
      check_once(notebook, ids, site.id, notebook.place(path + ".id"), "[[site]]", "id");
    check_site_hosts(notebook, site, path, known_sites);
    for (const std::string& pattern : site.match)
      check_once(notebook, patterns, pattern, match, "[[site]]", "pattern");
    if (match.line != 0 && notebook.is_usable(path + ".match") && site.match.empty())
      refuse_at(notebook, match,
                {"`match` is empty", "expected at least one domain",
                 "a rule that matches nothing has no effect"});
  }
}

// No more than `most` in all, so that something is left for the mail of no rule.
void check_parts(Notebook& notebook, const Config& config, std::string_view key,
                 double StreamRule::*part, double most) {
  double sum = 0;
  for (size_t i = 0; i < config.streams.size(); ++i) {
    const std::string path = fmt::format("{}.{}", item("stream", i), key);
    if (!notebook.is_usable(path)) continue;
    sum += config.streams[i].*part;
    constexpr double rounding = 1e-9;
    if (sum <= most + rounding || !notebook.is_written(path)) continue;
    return refuse_at(notebook, notebook.place(path),
                     {fmt::format("up to here, `{}` of all streams adds up to {:.2f}", key, sum),
                      fmt::format("expected {} at most", most),
                      "what is left is for the mail of all other streams"});
  }
}

void check_streams(Notebook& notebook, const Config& config) {
  std::map<std::string, Place> ids;
  for (size_t i = 0; i < config.streams.size(); ++i) {
    const StreamRule& stream = config.streams[i];
    const std::string path = item("stream", i);
    if (!stream.id.empty())
      check_once(notebook, ids, stream.id, notebook.place(path + ".id"), "[[stream]]", "id");
    if (stream.reserve > 0 && !notebook.is_written(path + ".share"))
      refuse_at(notebook, notebook.place(path + ".reserve"),
                {"something is kept free for a stream without a share", "",
                 "add `share = 0.5`: its part of the turns where other mail waits, too"});
    if (stream.expire_after && *stream.expire_after > config.queue.expire_after)
      refuse_at(notebook, notebook.place(path + ".expire_after"),
                {"this stream would live longer than `expire_after` of [queue] lets any mail", "",
                 fmt::format("that is {}: write less here, or more there",
                             base::to_human(config.queue.expire_after))});
  }
  check_parts(notebook, config, "share", &StreamRule::share, 0.9);
  check_parts(notebook, config, "reserve", &StreamRule::reserve, 0.5);
}

void check_signing_keys(Notebook& notebook, const Config& config) {
  std::map<std::string, Place> names;
  for (size_t i = 0; i < config.signing_keys.size(); ++i) {
    const SigningKeyRule& key = config.signing_keys[i];
    if (key.selector.empty() || key.domain.empty()) continue;
    check_once(notebook, names, key.selector + "._domainkey." + key.domain,
               notebook.place(item("signing_key", i) + ".selector"), "[[signing_key]]", "name");
  }
}

}  // namespace

void check_whole(Notebook& notebook, const Config& config,
                 std::span<const std::string> known_sites) {
  check_required(notebook);
  check_listeners(notebook, config);
  check_return_paths(notebook, config);
  check_tls(notebook, config);
  check_oauth(notebook, config);
  check_idle(notebook, config);
  check_queue(notebook, config);
  check_records(notebook, config);
  check_delivery(notebook, config);
  check_sites(notebook, config, known_sites);
  check_routes(notebook, config);
  check_egress(notebook, config);
  check_streams(notebook, config);
  check_signing_keys(notebook, config);
}

}  // namespace waypost::config
