#include "cli/domain_setup.h"

#include "cli/data_owner.h"
#include "cli/load_config.h"
#include "config/data_paths.h"
#include "config/source_addresses.h"

namespace waypost::cli {
namespace {

constexpr uint16_t update_port = 53;

Result<UpdateTarget> read_target(const PublishArguments& arguments, io::Disk& disk) {
  if (arguments.server.empty() || arguments.tsig_file.empty())
    return failure(
        ErrorCode::invalid_input,
        "--publish rfc2136 needs --server ADDR, the primary of the zone, and --tsig-file "
        "FILE with the key that may change it");
  TRY(Endpoint server, Endpoint::parse(arguments.server, update_port));
  auto text = disk.read_private_file(arguments.tsig_file, publish::tsig_file_octets_max);
  if (!text) return failure(std::move(text).error().while_doing("reading the TSIG key"));
  auto key = publish::parse_tsig_key(*text);
  Secret::wipe(*text);
  if (!key) return failure(std::move(key).error().while_doing("reading " + arguments.tsig_file));
  return UpdateTarget{server, *std::move(key)};
}

}  // namespace

tl::expected<std::unique_ptr<DomainSetup>, int> DomainSetup::open(const Global& global,
                                                                  const PublishArguments& publish) {
  auto made = std::unique_ptr<DomainSetup>(new DomainSetup);
  auto config = load_config(global, false);
  if (!config) return tl::unexpected(config.error());
  made->config_ = *std::move(config);
  if (!publish.way.empty()) {
    auto target = read_target(publish, *made->disk_);
    if (!target) return tl::unexpected(report(target.error()));
    made->update_ = *std::move(target);
  } else if (!publish.server.empty() || !publish.tsig_file.empty()) {
    note("waypost: --server and --tsig-file belong to --publish rfc2136\n");
    return tl::unexpected(exit_code::usage);
  }
  // The relay, under its own user, has to read what is made here.
  if (auto became = act_as_owner_of(made->config_.data_dir); !became)
    return tl::unexpected(report(became.error()));
  made->store_ = std::make_unique<domains::DomainStore>(
      *made->disk_, config::DataPaths(made->config_.data_dir).signing_keys);
  return made;
}

Result<publish::Needs> DomainSetup::needs_of(const domains::SendingDomain& domain) const {
  return domains::needs_of(*store_, domain, {config_.hostname, config::source_addresses(config_)});
}

}  // namespace waypost::cli
