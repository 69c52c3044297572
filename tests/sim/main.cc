#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tests/sim/scenario.h"

// waypost-sim: runs the simulator for a row of seeds. Failing seeds on stdout, one line each with
// how to replay it; progress and stories on stderr. Exit code 1 when one failed.
namespace waypost::sim {
namespace {

struct Totals {
  uint64_t failed = 0;
  uint64_t steps = 0;
  size_t submitted = 0;
  size_t arrived = 0;
  size_t kills = 0;
};

void report_failure(uint64_t seed, const RunOptions& options, const RunReport& report) {
  std::string mutation = options.mutation.empty() ? "" : " --mutation " + options.mutation;
  fmt::print(
      "seed {}: {}{} (replay: waypost-sim --first {} --seeds 1{} --verbose)\n", seed,
      report.breaches.front(),
      report.breaches.size() > 1 ? fmt::format(" and {} more", report.breaches.size() - 1) : "",
      seed, mutation);
  std::fflush(stdout);
  if (!options.verbose) return;
  for (const std::string& breach : report.breaches) fmt::print(stderr, "  {}\n", breach);
}

Totals run_seeds(uint64_t first, uint64_t seeds, bool until_found, const RunOptions& options) {
  Totals totals;
  for (uint64_t index = 0; index < seeds && !(until_found && totals.failed > 0); ++index) {
    RunReport report = run_scenario(first + index, options);
    if (!report.breaches.empty()) {
      ++totals.failed;
      report_failure(first + index, options, report);
    }
    totals.steps += report.steps;
    totals.submitted += report.submitted;
    totals.arrived += report.arrived;
    totals.kills += report.kills;
    if (options.verbose)
      fmt::print(stderr, "seed {}: {} steps, trace {:016x}\n", first + index, report.steps,
                 report.trace_hash);
    else if ((index + 1) % std::max<uint64_t>(seeds / 20, 1) == 0)
      fmt::print(stderr, "{} of {} seeds, {} failed\n", index + 1, seeds, totals.failed);
  }
  return totals;
}

int run(int argument_count, char** arguments) {
  CLI::App app("Runs the relay in a simulated world, once for each seed.", "waypost-sim");
  uint64_t seeds = 20;
  uint64_t first = 1;
  RunOptions options;
  app.add_option("--seeds", seeds, "How many seeds to run")->capture_default_str();
  app.add_option("--first", first, "The first seed")->capture_default_str();
  app.add_option("--mutation", options.mutation, "Plant this bug, which some seed must find")
      ->check(CLI::IsMember(mutations()));
  app.add_flag("--verbose", options.verbose, "Tell the story of each run on stderr");
  bool until_found = false;
  bool list_mutations = false;
  app.add_flag("--until-found", until_found, "Stop at the first seed that fails");
  app.add_flag("--list-mutations", list_mutations, "Print the names of the bugs, and end");
  CLI11_PARSE(app, argument_count, arguments);
  if (list_mutations) {
    for (const std::string& name : mutations()) fmt::print("{}\n", name);
    return 0;
  }

  Totals totals = run_seeds(first, seeds, until_found, options);
  fmt::print(stderr,
             "{} seeds, {} failed; {} messages submitted, {} arrivals, {} kills, {} steps\n", seeds,
             totals.failed, totals.submitted, totals.arrived, totals.kills, totals.steps);
  return totals.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace waypost::sim

int main(int argument_count, char** arguments) {
  return waypost::sim::run(argument_count, arguments);
}
