#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/sim_world.h"
#include "tests/sim/invariants.h"

namespace waypost::sim {

// The real server, as the scenario starts, kills and questions it. What must outlive a process (the
// model of the spool's disk) belongs to the implementation; what runs in a process is made by
// start() and destroyed by stop().
class ServerUnderTest {
 public:
  virtual ~ServerUnderTest() = default;
  // Starts in a fresh process and takes up what the last one left behind.
  virtual void start(io::SimProcess& process) = 0;
  // The process was killed: destroys what ran in it. A power cut also loses what was not synced.
  virtual void stop(bool power_cut) = 0;
  // What it still has to deliver, while it runs.
  virtual std::vector<Queued> queued() const = 0;
};

// The one way to kill: the ledger learns of it, the process dies, what ran in it goes.
void kill(io::SimProcess& process, ServerUnderTest& server, Ledger& ledger, bool power_cut);

struct RunOptions {
  std::string mutation;  // a bug to plant, "" for none
  bool verbose = false;  // tells the story on stderr
};

struct RunReport {
  Breaches breaches;
  uint64_t trace_hash = 0;
  uint64_t steps = 0;
  size_t submitted = 0;
  size_t arrived = 0;
  size_t kills = 0;
};

// One whole run, decided by the seed alone.
RunReport run_scenario(uint64_t seed, const RunOptions& options);

// Names of the bugs that can be planted.
std::vector<std::string> mutations();

}  // namespace waypost::sim
