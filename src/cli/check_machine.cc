#include "cli/check_machine.h"

#include <algorithm>
#include <grp.h>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/relay_client.h"
#include "config/data_paths.h"
#include "io/asio_loop.h"
#include "io/clock.h"
#include "io/disk.h"
#include "tls/context.h"

namespace waypost::cli {
namespace {

constexpr std::chrono::days certificate_warning{14};

class Machine {
 public:
  explicit Machine(const config::Config& config) : config_(config) {}

  std::vector<MachineProblem> check() {
    check_certificate();
    check_data_folder();
    check_group();
    check_addresses();
    return std::move(problems_);
  }

 private:
  void stops(std::string text) { problems_.push_back({true, std::move(text)}); }
  void warns(std::string text) { problems_.push_back({false, std::move(text)}); }

  void check_certificate() {
    if (config_.tls.certificate.empty()) return;
    auto disk = io::make_system_disk();
    auto loaded = tls::ServerContext::from_files(config_.tls.certificate, config_.tls.key, *disk);
    if (!loaded) return stops(loaded.error().describe());
    const WallTime end = (*loaded)->expires_at();
    const WallTime now = io::SystemClock().wall_now();
    if (end <= now)
      warns(fmt::format("the certificate {} expired at {}", config_.tls.certificate,
                        base::to_rfc3339(end)));
    else if (end - now < certificate_warning)
      warns(fmt::format("the certificate {} expires at {}", config_.tls.certificate,
                        base::to_rfc3339(end)));
  }

  // A folder that is not there yet is made by `serve`, in the nearest one above it that is.
  void check_data_folder() {
    std::string folder = config_.data_dir;
    while (folder.size() > 1 && ::access(folder.c_str(), F_OK) != 0)
      folder.resize(std::max<size_t>(folder.rfind('/'), 1));
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
      stops(fmt::format("{} cannot be written by this user (run `check` as the user of `serve`)",
                        folder));
  }

  void check_group() {
    const std::string& group = config_.drop.group;
    if (!group.empty() && ::getgrnam(group.c_str()) == nullptr)
      stops(fmt::format("[drop] group: there is no group \"{}\" on this machine", group));
  }

  // An address in use is as it should be while the relay runs.
  void check_addresses() {
    const std::string socket = config::DataPaths(config_.data_dir).control_socket;
    if (ask_relay(socket, R"({"command":"queue.ls","limit":0})")) return;
    io::AsioLoop loop;
    for (const config::Listener& listener : config_.listeners) {
      auto opened = loop.network().listen(listener.address, {});
      if (!opened) stops(fmt::format("{}: {}", listener.origin.text(), opened.error().describe()));
    }
  }

  const config::Config& config_;
  std::vector<MachineProblem> problems_;
};

}  // namespace

std::vector<MachineProblem> check_machine(const config::Config& config) {
  return Machine(config).check();
}

}  // namespace waypost::cli
