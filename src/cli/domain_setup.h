#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "cli/terminal.h"
#include "config/config.h"
#include "domains/needs.h"
#include "io/disk.h"
#include "publish/tsig.h"

// What the commands about sending domains share.
namespace waypost::cli {

// How records are to be published; as the command line says it.
struct PublishArguments {
  std::string way;     // "" prints them, "rfc2136" sends an update
  std::string server;  // of the update: the primary of the zone
  std::string tsig_file;
  std::string format = "table";
  std::string timeout = "20s";
};

// The same, read and checked.
struct UpdateTarget {
  Endpoint server;
  publish::TsigKey key;
};

class DomainSetup {
 public:
  // Reads the configuration, and with `publish` the key of an update while it may; then becomes the
  // owner of the data folder. The error is the exit code; what is wrong was said.
  static tl::expected<std::unique_ptr<DomainSetup>, int> open(const Global& global,
                                                              const PublishArguments& publish);

  domains::DomainStore& store() { return *store_; }
  // None: the records are only printed.
  const std::optional<UpdateTarget>& update() const { return update_; }
  // What this domain must publish, with the keys that are prepared or sign.
  Result<publish::Needs> needs_of(const domains::SendingDomain& domain) const;

 private:
  DomainSetup() = default;

  std::unique_ptr<io::Disk> disk_ = io::make_system_disk();
  config::Config config_;
  std::unique_ptr<domains::DomainStore> store_;
  std::optional<UpdateTarget> update_;
};

}  // namespace waypost::cli
