#include "io/sim_network.h"
#include "tests/sim/scenario.h"

namespace waypost::sim {

void kill(io::SimProcess& process, ServerUnderTest& server, Ledger& ledger, bool power_cut) {
  ledger.killed(process.world().network().open_from(process), power_cut);
  process.kill();
  server.stop(power_cut);
}

}  // namespace waypost::sim
