#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/ascii.h"
#include "cli/domains_command.h"
#include "cli/name_questions.h"
#include "cli/paragraph.h"
#include "cli/progress.h"
#include "domains/domain_json.h"
#include "publish/plan_json.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using publish::Difference;
using publish::Observation;
using publish::RecordReport;
using publish::Verification;

constexpr uint16_t name_server_port = 53;
constexpr Duration pause_min = std::chrono::seconds(2);
constexpr Duration pause_max = std::chrono::seconds(30);

// What several servers show alike is told once.
std::string differences_text(const RecordReport& report) {
  std::string text;
  std::vector<std::string> told;
  for (const Observation& each : report.observations) {
    if (each.words.empty() || std::count(told.begin(), told.end(), each.words) > 0) continue;
    told.push_back(each.words);
    std::vector<std::string> servers;
    for (const Observation& other : report.observations)
      if (other.words == each.words) servers.push_back(other.server.text());
    text += fmt::format("    {}  {}\n",
                        each.difference == Difference::none ? "note" : name(each.difference),
                        base::escape_control(fmt::format("{}", fmt::join(servers, ", "))));
    text += paragraph(base::escape_control(each.words), 6);
    if (each.difference == Difference::none) continue;
    for (const std::string& seen : each.seen)
      text += fmt::format("      seen    {}\n", base::escape_control(seen));
  }
  return text;
}

std::string to_text(const Verification& verification) {
  std::string text;
  for (const RecordReport& report : verification.records) {
    const auto& wanted = report.wanted;
    text += fmt::format("  {}  {:<4} {}\n",
                        report.good() ? "ok     " : (report.unknown() ? "unknown" : "differs"),
                        wanted.type == publish::RecordType::mx ? "MX" : "TXT", wanted.name);
    text += differences_text(report);
    if (!report.good() && !report.unknown())
      text += fmt::format("      wanted  {}\n", base::escape_control(wanted.text));
  }
  for (const std::string& problem : verification.plan.problems)
    text += paragraph("problem  " + base::escape_control(problem), 2);
  return text;
}

std::string progress_text(const Verification& verification) {
  size_t good = 0;
  std::string waits_for;
  for (const RecordReport& report : verification.records) {
    good += report.good() ? 1 : 0;
    if (!report.good() && waits_for.empty()) waits_for = report.wanted.name;
  }
  return fmt::format("{} of {} records are seen; waiting for {}", good, verification.records.size(),
                     waits_for);
}

// Everything, in one task for the loop.
struct Verifying {
  publish::Vantage vantage;
  publish::Needs needs;
  std::vector<publish::NameServer> servers;
  Duration patience;             // with one round
  std::optional<Duration> wait;  // with all of them
  Progress& progress;

  io::Task<Result<Verification>> run() {
    const Instant end = vantage.loop.now() + wait.value_or(Duration(0));
    Duration pause = pause_min;
    while (true) {
      const Instant deadline = vantage.loop.now() + patience;
      auto found = co_await publish::verify(vantage, needs, servers, deadline);
      const bool done = found && found->good();
      if (done || vantage.loop.now() + pause > end) co_return found;
      progress.show(found ? progress_text(*found) : found.error().message());
      co_await io::sleep_until(vantage.loop, vantage.loop.now() + pause);
      pause = std::min(pause * 2, pause_max);
    }
  }
};

Result<std::vector<publish::NameServer>> servers_of(const DomainArguments& arguments) {
  std::vector<publish::NameServer> servers;
  for (const std::string& text : arguments.servers) {
    TRY(Endpoint address, Endpoint::parse(text, name_server_port));
    servers.push_back({"", address, false});
  }
  return servers;
}

void show(const Global& global, const Verification& verification,
          const domains::SendingDomain& domain, const std::vector<std::string>& activated) {
  if (global.json) {
    json::object object = publish::verification_json(verification);
    object["keys"] = domains::keys_json(domain);
    object["activated"] = json::array(activated.begin(), activated.end());
    return print(json::serialize(object) + "\n");
  }
  print(to_text(verification));
  if (global.quiet || activated.empty()) return;
  note(
      fmt::format("  Mail of {} is signed from now on with {}. A relay that runs takes it up at: "
                  "waypost reload\n",
                  domain.domain, fmt::join(activated, " and ")));
}

int exit_code_of(const Verification& verification) {
  if (verification.good()) return exit_code::ok;
  const bool wrong = !verification.plan.problems.empty() ||
                     std::any_of(verification.records.begin(), verification.records.end(),
                                 [](const auto& each) { return !each.good() && !each.unknown(); });
  return wrong ? exit_code::negative : exit_code::could_not_finish;
}

}  // namespace

int domains_verify_command(const Global& global, const DomainArguments& arguments) {
  auto setup = DomainSetup::open(global, {});
  if (!setup) return setup.error();
  auto domain = (*setup)->store().load(arguments.domain);
  if (!domain) {
    const int code = report(domain.error());
    return domain.error().code() == ErrorCode::not_found ? exit_code::negative : code;
  }
  auto needs = (*setup)->needs_of(*domain);
  if (!needs) return report(needs.error());
  auto servers = servers_of(arguments);
  if (!servers) return report(servers.error());
  auto patience = base::parse_duration(arguments.publish.timeout);
  if (!patience) return report(patience.error());
  std::optional<Duration> wait;
  if (arguments.waits) {
    auto parsed = base::parse_duration(arguments.wait);
    if (!parsed) return report(parsed.error());
    wait = *parsed;
  }
  auto names = NameQuestions::create(global);
  if (!names) return names.error();
  auto server = (*names)->server();
  if (!server) return report(server.error());
  Result<Verification> found = failure(ErrorCode::unavailable, "");
  {
    Progress progress(global);
    Verifying verifying{{(*names)->loop(), (*names)->network(), (*names)->resolver(), *server},
                        *std::move(needs),
                        *std::move(servers),
                        *patience,
                        wait,
                        progress};
    found = (*names)->run(verifying.run());
  }
  if (!found) {
    report(found.error());
    return exit_code::could_not_finish;
  }
  std::vector<std::string> activated;
  if (!arguments.no_activate) {
    // While it waited, somebody may have changed the domain.
    domain = (*setup)->store().load(domain->domain);
    if (!domain) return report(domain.error());
    auto done = sign_with_seen((*setup)->store(), *domain, *found, "", (*names)->wall_now());
    if (!done) return report(done.error());
    activated = *std::move(done);
  }
  show(global, *found, *domain, activated);
  return exit_code_of(*found);
}

}  // namespace waypost::cli
