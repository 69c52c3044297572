#include "daemon/egress_watch.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "config/source_addresses.h"

namespace waypost::daemon {
namespace {

std::optional<std::string> trouble_of(const config::SourceRule& source,
                                      const delivery::Sources& sources,
                                      const std::vector<IpAddress>& own_addresses) {
  std::optional<std::string> why = sources.trouble(source.id);
  if (!why)
    for (const IpAddress& address : config::missing_addresses(source, own_addresses))
      why = address.text() + " is not an address of this machine";
  if (!why) return std::nullopt;
  return fmt::format("nothing is sent from it just now: {}", *why);
}

EgressTroubles of_sources(const config::Config& config, const delivery::Sources& sources,
                          io::Network& network) {
  EgressTroubles troubles;
  if (config.sources.empty()) return troubles;
  auto own = network.own_addresses();
  for (const config::SourceRule& source : config.sources)
    troubles["source:" + source.id] =
        trouble_of(source, sources, own ? *own : std::vector<IpAddress>());
  return troubles;
}

std::string from_source(const std::string& source) {
  return source.empty() ? "" : fmt::format(" from the source {}", source);
}

// What several sources say of one route stands on one line.
void add_routes(const delivery::Ports& ports, EgressTroubles& troubles) {
  for (const delivery::Ports::Other& other : ports.others()) {
    std::optional<std::string>& trouble = troubles["route:" + other.ports.route];
    trouble =
        fmt::format("{}mail{} goes by port {} instead of {}: {}", trouble ? *trouble + "; " : "",
                    from_source(other.source), other.ports.to, other.ports.from, other.reason);
  }
}

// What several shards say of one check stands on one line, each thing once.
void merge(const std::optional<std::string>& said, std::optional<std::string>& trouble) {
  if (!said) return;
  if (!trouble)
    trouble = said;
  else if (trouble->find(*said) == std::string::npos)
    *trouble += "; " + *said;
}

}  // namespace

EgressTroubles egress_troubles(const config::Config& config, const delivery::Deliverer& deliverer,
                               io::Network& network) {
  EgressTroubles troubles = of_sources(config, deliverer.sources(), network);
  add_routes(deliverer.ports(), troubles);
  return troubles;
}

void EgressWatch::report(Health& health, const std::vector<EgressTroubles>& of_shards) {
  EgressTroubles all;
  for (const EgressTroubles& troubles : of_shards)
    for (const auto& [name, trouble] : troubles) merge(trouble, all[name]);
  for (const std::string& name : std::exchange(reported_, {})) all.try_emplace(name);
  for (auto& [name, trouble] : all) {
    if (trouble) reported_.push_back(name);
    health.report(name, Health::Weight::warns, std::move(trouble));
  }
}

}  // namespace waypost::daemon
