#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "delivery/connection.h"
#include "delivery/route.h"
#include "dns/resolver.h"

namespace waypost::delivery {

// Finds one host of a route that is ready for mail (RFC 5321 §5.1): by preference, those of equal
// preference in random order, each host's addresses as a race (race.h). One for each attempt.
// Thread: the loop's.
class Opener {
 public:
  using Opened = tl::expected<std::unique_ptr<Connection>, events::Outcome>;

  Opener(Surroundings surroundings, dns::Resolver& resolver,
         std::shared_ptr<const Settings> settings, std::shared_ptr<const Route> route,
         AttemptLog& log);

  // What it fails with is what the last host said that was tried, or what became of it.
  io::Task<Opened> open();

 private:
  struct Candidate {
    MailHost host;
    std::deque<IpAddress> addresses;
    std::string problem;  // why there are none
  };
  using Group = std::vector<Candidate>;  // hosts of equal preference

  std::vector<Group> groups();
  io::Task<void> resolve(Group& group);
  io::Task<void> resolve_host(Candidate& candidate);
  io::Task<void> look_up(std::string host, dns::AddressFamily family,
                         Result<std::vector<IpAddress>>& answer);
  void take_addresses(Candidate& candidate, Result<std::vector<IpAddress>> v4,
                      Result<std::vector<IpAddress>> v6);
  bool wanted(dns::AddressFamily family) const;
  bool leads_to_us(const Group& group) const;

  io::Task<bool> try_group(Group& group);
  io::Task<void> try_host(Candidate& candidate);
  void note_failure(events::Outcome outcome);
  io::Task<Opened> try_next_address(Candidate& candidate);
  io::Task<Opened> converse(Target target, std::unique_ptr<io::Stream> stream);
  io::Task<Opened> converse_in_the_clear(Target target);
  events::Outcome could_not(events::Phase phase, const Target& target, std::string reason) const;

  Surroundings surroundings_;
  dns::Resolver& resolver_;
  std::shared_ptr<const Settings> settings_;
  std::shared_ptr<const Route> route_;
  AttemptLog& log_;
  unsigned tries_left_;
  std::unique_ptr<Connection> opened_;
  std::optional<events::Outcome> failed_;
};

}  // namespace waypost::delivery
