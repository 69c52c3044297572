#include "doctor/ways.h"

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

std::vector<Fix> fixes_from(const std::vector<Trial>& trials, uint16_t port_now) {
  std::vector<Fix> fixes;
  for (const Trial& trial : trials) {
    if (!trial.works) continue;
    bool same_port = trial.at.port == port_now;
    Fix fix{same_port ? "use-encryption" : "use-port", "client"};
    if (!same_port) fix.set["port"] = std::to_string(trial.at.port);
    fix.set["tls"] = std::string(name(trial.encryption));
    fix.tested = Tested::works;
    fixes.push_back(std::move(fix));
  }
  return fixes;
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
