#include "doctor/ways.h"

#include <algorithm>

#include <fmt/format.h>

#include "io/task_group.h"

namespace waypost::doctor {
namespace {

io::Task<void> try_into(Context& context, std::string host, Endpoint at, Encryption encryption,
                        Duration patience, Trial& trial) {
  trial = co_await try_way(context, std::move(host), at, encryption, patience);
}

std::string list_of(const std::vector<std::string>& ports) {
  if (ports.size() < 2) return ports.empty() ? "" : ports.front();
  std::vector<std::string> first(ports.begin(), ports.end() - 1);
  return fmt::format("{} and {}", fmt::join(first, ", "), ports.back());
}

}  // namespace

io::Task<std::vector<Trial>> try_ways(Context& context, std::string host, IpAddress address,
                                      std::vector<UsualPort> ways, Duration patience) {
  std::vector<Trial> trials(ways.size());
  io::TaskGroup group;
  for (size_t i = 0; i < ways.size(); ++i) {
    Endpoint at{address, ways[i].port};
    group.start(try_into(context, host, at, ways[i].encryption, patience, trials[i]));
  }
  co_await group.join();
  co_return trials;
}

std::vector<UsualPort> other_ports(uint16_t port) {
  std::vector<UsualPort> ports;
  for (const UsualPort& usual : usual_ports())
    if (usual.port != port) ports.push_back(usual);
  return ports;
}

void add_fixes(Finding& finding, const std::vector<Trial>& trials, uint16_t port_now) {
  for (const Trial& trial : trials) {
    bool same_port = trial.at.port == port_now;
    bool secured = trial.reached == Trial::Reached::secured;
    // What fits the port is told even where something else is wrong there.
    if (!trial.works && !(same_port && secured)) continue;
    Fix fix{same_port ? std::string(name(trial.encryption)) : "port", "client"};
    if (!same_port) fix.set["port"] = std::to_string(trial.at.port);
    fix.set["tls"] = std::string(name(trial.encryption));
    fix.tested = trial.works ? Tested::works : Tested::fails;
    fix.result = trial.works ? "" : trial.words;
    if (!same_port) finding.parameters.emplace("other_port", fix.set["port"]);
    finding.fixes.push_back(std::move(fix));
  }
  bool found = std::any_of(finding.fixes.begin(), finding.fixes.end(),
                           [](const Fix& fix) { return fix.id == "port"; });
  // So that nobody recommends what was tried in vain.
  if (!found && !trials.empty())
    finding.fixes.push_back({"port", "client", {}, Tested::fails, summary_of(trials)});
}

std::string summary_of(const std::vector<Trial>& trials) {
  std::vector<std::string> work, answer, silent;
  for (const Trial& trial : trials) {
    auto& list = trial.works ? work : trial.reached == Trial::Reached::nothing ? silent : answer;
    list.push_back(std::to_string(trial.at.port));
  }
  std::string text;
  auto say = [&text](const std::vector<std::string>& ports, const char* one, const char* many) {
    if (ports.empty()) return;
    text += fmt::format("{}{} {}", text.empty() ? "" : "; ", list_of(ports),
                        ports.size() == 1 ? one : many);
  };
  say(work, "works", "work");
  say(answer, "answers, with faults of its own", "answer, with faults of their own");
  say(silent, "cannot be reached either", "cannot be reached either");
  return text;
}

}  // namespace waypost::doctor
