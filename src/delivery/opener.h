#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "delivery/connection.h"
#include "delivery/race.h"
#include "delivery/route.h"
#include "dns/resolver.h"

namespace waypost::delivery {

// Where an attempt goes, and from where, by the settings that it began with: what it comes to says
// nothing of others.
struct Way {
  std::shared_ptr<const Route> route;
  std::shared_ptr<const Source> source;
  std::shared_ptr<const Settings> settings;
};

// Finds one host of a route that is ready for mail (RFC 5321 §5.1): by preference, those of equal
// preference in random order, each host's addresses as a race (race.h), without those where the
// settings let no mail go. Where connections have to wait for `connecting`, one address after the
// other: who races cannot count. One for each attempt by one source and one port. Thread: the
// loop's.
class Opener {
 public:
  using Opened = tl::expected<std::unique_ptr<Connection>, events::Outcome>;

  // `connecting` may be empty, and outlives it.
  Opener(Surroundings surroundings, dns::Resolver& resolver, Way way, const Permission& connecting,
         AttemptLog& log);

  // What it fails with is what the last host said that was tried, or what became of it.
  io::Task<Opened> open();
  // After a failure: why the source can be used for no mail at all just now; empty when it can.
  const std::string& source_trouble() const { return source_trouble_; }
  // After a failure: a host has addresses only of a family that the source has none of. Another
  // source may reach it.
  bool met_other_family() const { return met_other_family_; }

 private:
  struct Candidate {
    MailHost host;
    std::deque<IpAddress> addresses;
    std::string problem;                      // why there are none
    std::optional<IpAddress> forbidden = {};  // one of its own; without others no mail may go there
    bool other_family = false;                // there are, but the source has none of their family
  };
  using Group = std::vector<Candidate>;  // hosts of equal preference

  std::vector<Group> groups();
  io::Task<void> resolve(Group& group);
  io::Task<void> resolve_host(Candidate& candidate);
  void take_literal(Candidate& candidate, const IpAddress& address) const;
  io::Task<void> look_up(std::string host, dns::AddressFamily family,
                         Result<std::vector<IpAddress>>& answer);
  void take_addresses(Candidate& candidate, Result<std::vector<IpAddress>> v4,
                      Result<std::vector<IpAddress>> v6);
  void leave_out_unusable(Candidate& candidate, std::vector<IpAddress>& addresses) const;
  void say_why_none(Candidate& candidate) const;
  bool allowed(dns::AddressFamily family) const;
  bool wanted(dns::AddressFamily family) const;
  bool leads_to_us(const Group& group) const;

  io::Task<bool> try_group(Group& group);
  io::Task<void> try_host(Candidate& candidate);
  events::Outcome nowhere_allowed(const std::vector<Group>& all) const;
  events::Outcome without_address(const Candidate& candidate);
  void note_failure(events::Outcome outcome);
  io::Task<Opened> try_next_address(Candidate& candidate);
  // Nothing, or why it may not.
  io::Task<std::optional<events::Outcome>> wait_to_connect(const Target& target);
  io::Task<Opened> converse(Target target, std::unique_ptr<io::Stream> stream);
  io::Task<Opened> converse_in_the_clear(Target target);
  Target target_at(const Candidate& candidate, const IpAddress& address) const;
  events::Outcome could_not(events::Phase phase, const Target& target, std::string reason) const;
  events::Outcome could_not_dial(const Target& target, const DialFailure& failure);
  void excuse_host(events::Outcome& outcome) const;

  Surroundings surroundings_;
  dns::Resolver& resolver_;
  std::shared_ptr<const Settings> settings_;
  std::shared_ptr<const Route> route_;
  std::shared_ptr<const Source> source_;
  Dialer dialer_;
  std::string source_trouble_;
  bool met_other_family_ = false;
  const Permission& connecting_;  // may be empty
  AttemptLog& log_;
  unsigned tries_left_;
  std::unique_ptr<Connection> opened_;
  std::optional<events::Outcome> failed_;
};

}  // namespace waypost::delivery
