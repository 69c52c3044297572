#include "cli/check_machine.h"

#include <algorithm>
#include <grp.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/whole_seconds.h"
#include "cli/check_sources.h"
#include "cli/relay_client.h"
#include "config/data_paths.h"
#include "delivery/secrets.h"
#include "domains/signers.h"
#include "io/asio_loop.h"
#include "io/clock.h"
#include "io/disk.h"
#include "oauth/key_set.h"
#include "tls/context.h"

namespace waypost::cli {
namespace {

constexpr std::chrono::days certificate_warning{14};

class Machine {
 public:
  explicit Machine(const config::Config& config) : config_(config) {}

  std::vector<MachineProblem> check() {
    check_certificate();
    check_token_keys();
    check_secrets();
    check_data_folder();
    check_free_space();
    check_group();
    check_addresses();
    check_sources();
    check_signing();
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
                        base::to_whole_seconds(end)));
    else if (end - now < certificate_warning)
      warns(fmt::format("the certificate {} expires at {}", config_.tls.certificate,
                        base::to_whole_seconds(end)));
  }

  void check_secrets() {
    check_secret(config_.delivery.login.secret_file);
    for (const config::RouteRule& route : config_.routes) check_secret(route.login.secret_file);
    for (const config::SourceRule& source : config_.sources) check_secret(source.proxy_secret_file);
    if (config_.oauth.introspection_url) check_secret(config_.oauth.client_secret_file);
  }
  void check_secret(const std::string& file) {
    if (file.empty()) return;
    auto disk = io::make_system_disk();
    auto secret = delivery::read_secret_file(*disk, file);
    if (!secret) stops(secret.error().describe());
  }

  void check_token_keys() {
    const std::string& file = config_.oauth.keys_file;
    if (file.empty()) return;
    auto json = io::make_system_disk()->read_file(file, oauth::key_set_octets_max);
    if (!json) return stops(json.error().describe());
    auto keys = oauth::KeySet::parse(*json);
    if (!keys) stops(fmt::format("{}: {}", file, keys.error().describe()));
  }

  // A folder that is not there yet is made by `serve`, in the nearest one above it that is.
  std::string nearest_folder() const {
    std::string folder = config_.data_dir;
    while (folder.size() > 1 && ::access(folder.c_str(), F_OK) != 0)
      folder.resize(std::max<size_t>(folder.rfind('/'), 1));
    return folder;
  }

  void check_data_folder() {
    const config::DataPaths paths(config_.data_dir);
    check_access(nearest_folder(), W_OK | X_OK);
    for (const std::string& folder : {paths.spool, paths.records, paths.events, paths.drop})
      check_access(folder, R_OK | W_OK | X_OK);
    check_access(paths.keys, R_OK | W_OK);
  }
  void check_access(const std::string& path, int mode) {
    if (::access(path.c_str(), F_OK) == 0 && ::access(path.c_str(), mode) != 0)
      stops(
          fmt::format("{} cannot be used by this user (run `check` as the user of `serve`)", path));
  }

  void check_free_space() {
    auto free = io::make_system_disk()->free_octets(nearest_folder());
    if (free && *free < config_.limits.spool_free_octets_min)
      warns(
          fmt::format("{} octets are free at {}, and below {} (spool_free_octets_min) new mail "
                      "is refused with 452",
                      *free, config_.data_dir, config_.limits.spool_free_octets_min));
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
    for (const config::Listener& listener : config_.listeners)
      if (listener.socket_name.empty())  // else systemd opens it
        check_address(loop, listener.address, listener.origin.text());
    if (config_.http.address) check_address(loop, *config_.http.address, "[http]");
  }

  void check_address(io::AsioLoop& loop, const Endpoint& address, const std::string& whose) {
    auto opened = loop.network().listen(address, {});
    if (!opened) stops(fmt::format("{}: {}", whose, opened.error().describe()));
  }

  // A warning only: an address may come with a failover, and names are for others to judge.
  void check_sources() {
    for (SourceProblem& problem : source_problems(config_))
      warns(fmt::format("{}: {}", problem.origin.text(), problem.text));
  }

  // A warning only, as for the relay: mail goes out without these signatures.
  void check_signing() {
    domains::SignerSources sources{
        config::DataPaths(config_.data_dir).signing_keys, {}, config_.signing.domains};
    for (const config::SigningKeyRule& key : config_.signing_keys)
      sources.key_files.push_back({key.domain, key.selector, key.file});
    auto disk = io::make_system_disk();
    const domains::LoadedSigners loaded = domains::load_signers(*disk, sources, nullptr);
    for (const std::string& trouble : loaded.troubles)
      warns("mail may go out unsigned: " + trouble);
    for (const std::string& domain : config_.signing.domains)
      if (const auto plan = loaded.signers->find(domain); !plan || plan->domain != domain)
        warns(fmt::format("[signing] domains: {} has no key that signs (`waypost domains add {}`)",
                          domain, domain));
  }

  const config::Config& config_;
  std::vector<MachineProblem> problems_;
};

}  // namespace

std::vector<MachineProblem> check_machine(const config::Config& config) {
  return Machine(config).check();
}

}  // namespace waypost::cli
