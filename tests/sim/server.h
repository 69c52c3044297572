#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dns/memory_resolver.h"
#include "io/memory_disk.h"
#include "queue/command.h"
#include "queue/pause.h"
#include "shaping/limits.h"
#include "spool/memory_store.h"
#include "tests/sim/mutations.h"
#include "tests/sim/scenario.h"

namespace waypost::sim {

struct Host {
  std::string name;
  IpAddress address;
};
// A domain of the world and its mail hosts, best first.
struct Domain {
  std::string name;
  std::vector<Host> mail_hosts;
};

struct RelaySettings {
  Endpoint at;
  std::vector<Domain> domains;
  uint16_t mx_port = 25;
  shaping::SiteLimits limits;
  Duration sync_time = std::chrono::milliseconds(2);
  Duration expire_after = std::chrono::days(5);
  Duration delay_notice_after = std::chrono::hours(1);
  bool suppresses = false;  // who bounces with a reply that condemns is not written to again
};

// The relay as the daemon joins it (daemon/relay.cc), over simulated clock, network and disk.
class RelayUnderTest final : public ServerUnderTest {
 public:
  RelayUnderTest(io::SimWorld& world, Ledger& ledger, RelaySettings settings, Mutation mutation);
  ~RelayUnderTest() override;

  void start(io::SimProcess& process) override;
  void stop(bool power_cut) override;
  std::vector<Queued> queued() const override;

  // The disk fails a sync: the relay must refuse mail from then on until it is started anew.
  void fail_next_sync() { medium_.fail_next_sync(); }
  void fail_no_sync() { medium_.fail_next_sync(false); }
  bool healthy() const;

  // What a person does, who does not wait for it to be done. Pauses hold over restarts.
  void command(queue::Command command);
  void pause(queue::Scope scope);
  void resume();
  void reload();
  // Somebody puts this address onto the list of those that are not written to.
  void suppress(const std::string& address) { suppressed_.insert(address); }
  // Of the process that runs; all must be in balance at any moment.
  std::optional<queue::Ledger> counts() const;

 private:
  struct Running;
  void watch(const queue::Assignment& assignment);

  io::SimWorld& world_;
  Ledger& ledger_;
  RelaySettings settings_;
  Mutation mutation_;
  io::MemoryDisk disk_;  // of small files
  spool::SpoolMedium medium_;
  std::vector<queue::Pause> pauses_;
  std::set<std::string> suppressed_;  // on stable storage
  std::unique_ptr<Running> running_;
};

}  // namespace waypost::sim
