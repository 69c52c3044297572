#include "cli/keys_command.h"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/load_config.h"
#include "config/data_paths.h"
#include "io/clock.h"
#include "io/rng.h"
#include "records/keys.h"
#include "sasl/server.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;

tl::expected<std::unique_ptr<records::Keys>, int> open_keys(const Global& global) {
  auto config = load_config(global, false);
  if (!config) return tl::unexpected(config.error());
  auto keys = records::Keys::open(config::DataPaths(config->data_dir).keys);
  if (!keys) return tl::unexpected(report(keys.error()));
  return *std::move(keys);
}

// What a client may log in by.
std::vector<std::string_view> mechanisms_of(const records::Key& key) {
  std::vector<std::string_view> mechanisms = sasl::server_mechanisms(true);
  if (!key.scram) std::erase_if(mechanisms, [](auto name) { return name.starts_with("SCRAM-"); });
  return mechanisms;
}

json::object to_json(const records::Key& key) {
  json::object object{{"name", key.name},
                      {"tenant", key.tenant},
                      {"stream", key.stream},
                      {"created_at", base::to_rfc3339(key.created_at)},
                      {"mechanisms", json::value_from(mechanisms_of(key))}};
  if (key.revoked_at) object["revoked_at"] = base::to_rfc3339(*key.revoked_at);
  return object;
}

std::string day_of(WallTime time) { return base::to_rfc3339(time).substr(0, 10); }

}  // namespace

int keys_create_command(const Global& global, const NewKey& key) {
  auto keys = open_keys(global);
  if (!keys) return keys.error();
  io::SystemRng rng;
  auto secret =
      (*keys)->create(key.name, key.tenant, key.stream, io::SystemClock().wall_now(), rng);
  if (!secret) return report(secret.error());
  if (global.json) {
    print(json::serialize(json::object{{"name", key.name}, {"secret", *secret}}) + "\n");
    return exit_code::ok;
  }
  print(fmt::format("{}\n", *secret));
  if (!global.quiet)
    note(
        fmt::format("  This is the password for the login \"{}\". It is shown this once: only a "
                    "hash of it is kept.\n",
                    key.name));
  return exit_code::ok;
}

int keys_ls_command(const Global& global) {
  auto keys = open_keys(global);
  if (!keys) return keys.error();
  auto list = (*keys)->list();
  if (!list) return report(list.error());
  for (const records::Key& key : *list) {
    if (global.json)
      print(json::serialize(to_json(key)) + "\n");
    else
      print(fmt::format(
          "{:<24} tenant {:<16} stream {:<16} by {:<49} created {}{}\n", key.name, key.tenant,
          key.stream, fmt::format("{}", fmt::join(mechanisms_of(key), " ")), day_of(key.created_at),
          key.revoked_at ? ", revoked " + day_of(*key.revoked_at) : ""));
  }
  if (list->empty() && !global.json && !global.quiet)
    note("  No keys yet. Make one: waypost keys create NAME\n");
  return exit_code::ok;
}

int keys_revoke_command(const Global& global, const std::string& name) {
  auto keys = open_keys(global);
  if (!keys) return keys.error();
  auto revoked = (*keys)->revoke(name, io::SystemClock().wall_now());
  if (!revoked) return report(revoked.error());
  if (!global.quiet)
    note(
        fmt::format("  \"{}\" cannot log in any more. Sessions that are open stay open until they "
                    "end.\n",
                    name));
  return exit_code::ok;
}

}  // namespace waypost::cli
