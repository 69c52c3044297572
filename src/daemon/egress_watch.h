#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/health.h"
#include "delivery/deliverer.h"
#include "io/network.h"

namespace waypost::daemon {

// What is wrong with our ways out, by the name of the check: of each source, under "source:ID",
// whether its addresses are on this machine, and why it is passed over; of each route that does not
// go by its first port, under "route:ID", by which it goes, and why. Thread: the deliverer's.
using EgressTroubles = std::map<std::string, std::optional<std::string>>;
EgressTroubles egress_troubles(const config::Config& config, const delivery::Deliverer& deliverer,
                               io::Network& network);

// Tells the health of them, all shards together. What was told before, and is not now, is well.
class EgressWatch {
 public:
  void report(Health& health, const std::vector<EgressTroubles>& of_shards);

 private:
  std::vector<std::string> reported_;
};

}  // namespace waypost::daemon
