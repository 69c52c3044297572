#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/secret.h"
#include "config/config.h"
#include "demo/props.h"
#include "demo/provider.h"
#include "io/asio_loop.h"
#include "io/disk.h"
#include "io/temporary_folder.h"

namespace waypost::demo {

// What the demo needs around the relay, all of it temporary: pretend providers, a certificate, a
// key, and a configuration file that the ordinary commands can use, too.
class Stage {
 public:
  static Result<std::unique_ptr<Stage>> build(io::AsioLoop& loop, std::optional<uint16_t> port,
                                              uint64_t seed);

  const config::Config& config() const { return config_; }
  const std::string& config_file() const { return config_file_; }
  const std::string& data_dir() const { return config_.data_dir; }
  static constexpr const char* login = "demo";
  const Secret& password() const { return password_; }
  const Entry& entry() const { return entry_; }
  // Those that a server stands for.
  const std::vector<std::unique_ptr<Provider>>& providers() const { return providers_; }
  // What they send back.
  ComeBackPost& come_backs() { return come_backs_; }

  io::Task<void> stop();

 private:
  Stage(io::AsioLoop& loop, io::TemporaryFolder folder, uint64_t seed);
  Result<void> make_certificate();
  Provider::Surroundings surroundings();
  Result<void> open_providers();
  Result<void> configure(std::optional<uint16_t> port);
  Result<void> make_key();
  Result<void> make_signing_key();
  std::string configuration_text(uint16_t port) const;

  io::AsioLoop& loop_;
  io::TemporaryFolder folder_;
  const uint64_t seed_;
  ComeBackPost come_backs_;
  std::unique_ptr<io::Disk> disk_ = io::make_system_disk();
  std::shared_ptr<tls::ServerContext> certificate_;
  std::vector<std::unique_ptr<Provider>> providers_;
  uint16_t provider_port_ = 0;
  config::Config config_;
  std::string config_file_;
  Secret password_;
  Entry entry_;
};

}  // namespace waypost::demo
