#include "config/egress_checks.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "config/complaint.h"
#include "toml/wording.h"

namespace waypost::config {

using toml::in_backquotes;
namespace {

constexpr size_t fallback_ports_max = 4;

void check_addresses(Notebook& notebook, const SourceRule& source, const std::string& path) {
  Place place = notebook.place(path + ".addresses");
  if (!notebook.is_usable(path + ".addresses")) return;
  auto v4 = std::count_if(source.addresses.begin(), source.addresses.end(),
                          [](const base::IpAddress& address) { return address.is_v4(); });
  if (v4 > 1 || source.addresses.size() - static_cast<size_t>(v4) > 1)
    refuse_at(notebook, place,
              {"a source has one address of each family at most", "",
               "make a [[source]] of each, and name them all in a [[pool]]"});
}

void check_proxy(Notebook& notebook, const SourceRule& source, const std::string& path) {
  std::string login = path + ".proxy_login";
  std::string secret_file = path + ".proxy_secret_file";
  if (!notebook.is_usable(path + ".proxy")) return;
  bool socks = source.proxy && source.proxy->scheme == ProxyScheme::socks5;
  for (const std::string& key : {login, secret_file})
    if (notebook.is_written(key) && !socks)
      return refuse_at(notebook, notebook.place(key),
                       {"there is no SOCKS proxy that this login could be for", "",
                        "add `proxy = \"socks5://host:port\"`, or delete this line"});
  if (notebook.is_written(login) != notebook.is_written(secret_file))
    refuse_at(notebook, first_written(notebook, login, secret_file),
              {"half of a login", "",
               "`proxy_login` is the name, `proxy_secret_file` the file with the password: write "
               "both or none"});
  if (source.proxy && !socks && source.addresses.empty() && notebook.is_usable(path + ".addresses"))
    refuse_at(notebook, notebook.place(path + ".proxy"),
              {"this proxy must be told from which address to send", "",
               "add `addresses`: those of the proxy's machine that mail is to come from"});
}

std::set<std::string> check_sources(Notebook& notebook, const Config& config) {
  std::map<std::string, Place> ids;
  std::set<std::string> known;
  for (size_t i = 0; i < config.sources.size(); ++i) {
    const SourceRule& source = config.sources[i];
    std::string path = item("source", i);
    if (!source.id.empty())
      check_once(notebook, ids, source.id, notebook.place(path + ".id"), "[[source]]", "id");
    check_addresses(notebook, source, path);
    check_proxy(notebook, source, path);
    known.insert(source.id);
  }
  return known;
}

void check_shares(Notebook& notebook, const PoolRule& pool, const std::string& path,
                  const std::set<std::string>& sources) {
  Place place = notebook.place(path + ".sources");
  if (!notebook.is_written(path + ".sources") || !notebook.is_usable(path + ".sources")) return;
  if (pool.sources.empty())
    refuse_at(notebook, place, {"`sources` is empty", "expected at least one source", ""});
  std::set<std::string> seen;
  for (const PoolShare& share : pool.sources) {
    if (!sources.contains(share.source) && notebook.is_usable("source"))
      refuse_at(notebook, place,
                {fmt::format("there is no [[source]] {}", in_backquotes(share.source)), "",
                 fmt::format("add\n[[source]]\nid = \"{}\"", share.source)});
    if (!seen.insert(share.source).second)
      refuse_at(notebook, place,
                {fmt::format("the source {} stands here twice", in_backquotes(share.source)), "",
                 fmt::format("give it a weight instead: \"{}:2\"", share.source)});
  }
}

void check_pool_exists(Notebook& notebook, const std::string& pool, const std::string& path,
                       const std::map<std::string, Place>& pools) {
  if (pool.empty() || pools.contains(pool) || !notebook.is_usable(path) ||
      !notebook.is_usable("pool"))
    return;
  refuse_at(notebook, notebook.place(path),
            {fmt::format("there is no [[pool]] {}", in_backquotes(pool)), "",
             fmt::format("add\n[[pool]]\nid = \"{}\"\nsources = [\"out1\"]", pool)});
}

// Sources that nobody names send nothing.
void check_use(Notebook& notebook, const Config& config) {
  std::set<std::string> used;
  for (size_t i = 0; i < config.pools.size(); ++i)
    if (!notebook.is_usable(item("pool", i) + ".sources")) return;
  for (const PoolRule& pool : config.pools)
    for (const PoolShare& share : pool.sources) used.insert(share.source);
  for (size_t i = 0; i < config.sources.size(); ++i)
    if (!used.contains(config.sources[i].id))
      warn_at(notebook, notebook.place(item("source", i)),
              {"no pool has this source, so no mail leaves from it", "",
               "name it under `sources` of a [[pool]]"});
}

void check_source_address(Notebook& notebook, const Config& config) {
  if (config.delivery.pool.empty() || !config.delivery.source_address) return;
  warn_at(notebook, notebook.place("delivery.source_address"),
          {"`source_address` has no effect here", "",
           "mail leaves by the pool of [delivery]: delete one of the two"});
}

// `path` is "delivery" or "route[0]".
void check_fallback_ports(Notebook& notebook, const std::string& path, const NextHop& next_hop,
                          const std::vector<FallbackPort>& ports, DeliveryTls tls) {
  std::string key = path + ".fallback_ports";
  if (ports.empty() || !notebook.is_usable(key)) return;
  Place place = notebook.place(key);
  if (ports.size() > fallback_ports_max)
    refuse_at(notebook, place,
              {"so many ports would keep a message waiting for long",
               fmt::format("expected {} at most", fallback_ports_max), ""});
  std::set<uint16_t> seen{next_hop.port};
  for (const FallbackPort& port : ports)
    if (!seen.insert(port.port).second)
      refuse_at(notebook, place,
                {fmt::format("the port {} is tried twice", port.port), "",
                 "the port of `next_hop` comes first and does not belong here"});
  if (tls == DeliveryTls::never && notebook.is_usable(path + ".tls"))
    refuse_at(notebook, place,
              {"fallback ports need TLS, which `tls` forbids", "",
               "write `tls = \"required\"`, or delete this line"});
}

bool states_caps(const RouteRule& route) {
  return route.caps.connections.value > 0 || route.caps.messages_per_hour.value > 0 ||
         route.caps.messages_per_day.value > 0;
}

// What is counted goes by host, port and login.
void check_accounts(Notebook& notebook, const Config& config) {
  for (size_t i = 0; i < config.routes.size(); ++i)
    for (size_t j = 0; j < i; ++j) {
      const RouteRule& one = config.routes[j];
      const RouteRule& other = config.routes[i];
      bool same_account = !one.login.login.empty() && one.login.login == other.login.login &&
                          one.next_hop.host == other.next_hop.host;
      if (!same_account || one.next_hop.port == other.next_hop.port ||
          !(states_caps(one) || states_caps(other)))
        continue;
      warn_at(notebook, notebook.place(item("route", i) + ".next_hop"),
              {fmt::format("the account {} is counted apart here and in the route {}",
                           in_backquotes(one.login.login), in_backquotes(one.id)),
               "",
               "two ports are two sites: write the same port, and the other under "
               "`fallback_ports`"});
    }
}

}  // namespace

void check_egress(Notebook& notebook, const Config& config) {
  std::set<std::string> sources = check_sources(notebook, config);
  std::map<std::string, Place> pools;
  std::map<std::string, Place> streams;
  for (size_t i = 0; i < config.pools.size(); ++i) {
    const PoolRule& pool = config.pools[i];
    std::string path = item("pool", i);
    if (!pool.id.empty())
      check_once(notebook, pools, pool.id, notebook.place(path + ".id"), "[[pool]]", "id");
    for (const std::string& stream : pool.streams)
      check_once(notebook, streams, stream, notebook.place(path + ".streams"), "[[pool]]",
                 "stream");
    check_shares(notebook, pool, path, sources);
  }
  check_pool_exists(notebook, config.delivery.pool, "delivery.pool", pools);
  for (size_t i = 0; i < config.routes.size(); ++i) {
    const RouteRule& route = config.routes[i];
    check_pool_exists(notebook, route.pool, item("route", i) + ".pool", pools);
    check_fallback_ports(notebook, item("route", i), route.next_hop, route.fallback_ports,
                         route.tls);
  }
  const DeliverySettings& delivery = config.delivery;
  if (delivery.next_hop)
    check_fallback_ports(notebook, "delivery", *delivery.next_hop, delivery.fallback_ports,
                         delivery.tls);
  check_accounts(notebook, config);
  check_use(notebook, config);
  check_source_address(notebook, config);
}

}  // namespace waypost::config
