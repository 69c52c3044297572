#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <tl/expected.hpp>

#include "delivery/settings.h"
#include "dns/resolver.h"
#include "events/outcome.h"
#include "io/loop.h"

namespace waypost::delivery {

struct MailHost {
  std::string name;  // a host name, or an IP address when the domain is an address literal
  uint16_t preference = 0;
};

// Which hosts take mail for a domain, best first.
struct Route {
  std::vector<MailHost> hosts;  // never empty
  uint16_t port = 25;
  Instant valid_until;
};

// Finds routes and remembers them for as long as the name system says, within bounds of ours.
// RFC 5321 §5.1: MX records, else the domain's own addresses; a domain that does not exist, or says
// by RFC 7505 that it takes no mail, bounces; an answer that cannot be had defers.
// Thread: the shard's loop.
class Routes {
 public:
  Routes(io::Loop& loop, dns::Resolver& resolver, const Settings& settings)
      : loop_(loop), resolver_(resolver), settings_(settings) {}

  // Other settings: every domain is looked up anew.
  void forget() { routes_.clear(); }

  // What is remembered, or null.
  std::shared_ptr<const Route> known(const std::string& domain) const;
  io::Task<tl::expected<std::shared_ptr<const Route>, events::Outcome>> find(std::string domain);

 private:
  io::Task<tl::expected<Route, events::Outcome>> look_up(const std::string& domain);
  io::Task<tl::expected<Route, events::Outcome>> implicit_mx(const std::string& domain,
                                                             dns::MxAnswer no_mx);
  void remember(const std::string& domain, std::shared_ptr<const Route> route);

  io::Loop& loop_;
  dns::Resolver& resolver_;
  const Settings& settings_;
  std::unordered_map<std::string, std::shared_ptr<const Route>> routes_;
};

}  // namespace waypost::delivery
