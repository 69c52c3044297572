#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tl/expected.hpp>

#include "delivery/settings.h"
#include "dns/resolver.h"
#include "events/outcome.h"
#include "io/loop.h"

namespace waypost::delivery {

struct MailHost {
  std::string name;  // a host name; an IP address where somebody asked for that very address
  uint16_t preference = 0;
};

// Which hosts take mail for a domain, best first, and how they are talked to.
struct Route {
  std::string domain;           // with A-labels
  std::vector<MailHost> hosts;  // by preference, never empty
  uint16_t port = 25;
  TlsPolicy tls = TlsPolicy::opportunistic;
  TlsMode tls_mode = TlsMode::starttls;
  std::optional<Login> login;
  std::string pool;       // of sources, where the route names one
  std::string smarthost;  // the id of the configured one; empty for mail hosts of the domain
  Instant valid_until = Instant::max();
  // The same by its other ports, in the order in which they are tried.
  std::vector<std::shared_ptr<const Route>> fallbacks;

  // By MX records, or the domain's own address: whoever runs the zone chose where we go, and must
  // not lead us to ourselves.
  bool by_name_system = false;

  // A connection to `host`, one of these, is good for all mail whose route has it too. Domains that
  // share their first host need not share the others, and whoever runs a zone may name the host of
  // somebody else beside their own.
  std::string connection_key(const std::string& host) const;
};

// Whether a smarthost of these patterns takes mail for a domain: "*" for all, "*." and a suffix, or
// the domain itself. Lower case, with A-labels.
bool is_matched(const std::vector<std::string>& patterns, std::string_view domain);

// Finds routes and remembers them for as long as the name system says, within bounds of ours.
// The first smarthost that matches; else, by RFC 5321 §5.1, MX records, else the domain's own
// addresses. A domain that does not exist, says by RFC 7505 that it takes no mail, or has only us
// for its mail host, and an address literal where no mail may go, bounce; an answer that cannot be
// had defers.
// Thread: the shard's loop.
class Routes {
 public:
  Routes(io::Loop& loop, dns::Resolver& resolver, std::shared_ptr<const Settings> settings);

  // Other settings: every domain is looked up anew.
  void reconfigure(std::shared_ptr<const Settings> settings);

  // What is remembered, or null.
  std::shared_ptr<const Route> known(const std::string& domain) const;
  io::Task<tl::expected<std::shared_ptr<const Route>, events::Outcome>> find(std::string domain);

 private:
  using Found = tl::expected<Route, events::Outcome>;
  std::shared_ptr<const Route> configured(const std::string& domain) const;
  io::Task<Found> look_up(std::string domain);
  io::Task<Found> implicit_mx(Route route, Duration ttl);
  Found explicit_mx(Route route, const std::vector<dns::MxRecord>& records) const;
  Route plain_route(std::string domain) const;
  void remember(const std::string& domain, std::shared_ptr<const Route> route);

  io::Loop& loop_;
  dns::Resolver& resolver_;
  std::shared_ptr<const Settings> settings_;
  std::vector<std::shared_ptr<const Route>> smarthosts_;  // one for each of the settings
  std::unordered_map<std::string, std::shared_ptr<const Route>> routes_;
};

// The bounce of mail that would come back to us, with its enhanced code in front.
events::Outcome loop_to_self(const std::string& domain);
// The bounce of mail whose domain leads to forbidden addresses alone, such as this one of `host`.
events::Outcome forbidden_hosts(const std::string& domain, const std::string& host,
                                const IpAddress& address);

}  // namespace waypost::delivery
