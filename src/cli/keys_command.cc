#include "cli/keys_command.h"

#include <set>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/data_owner.h"
#include "cli/load_config.h"
#include "config/data_paths.h"
#include "io/clock.h"
#include "io/rng.h"
#include "records/keys.h"
#include "sasl/server.h"
#include "submission/permissions.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;

tl::expected<std::unique_ptr<records::Keys>, int> open_keys(const Global& global) {
  auto config = load_config(global, false);
  if (!config) return tl::unexpected(config.error());
  // The relay, under its own user, has to open what is made here.
  if (auto became = act_as_owner_of(config->data_dir); !became)
    return tl::unexpected(report(became.error()));
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

std::vector<std::string_view> names_of(const std::set<records::Scope>& scopes) {
  std::vector<std::string_view> names;
  for (records::Scope scope : scopes) names.push_back(records::name(scope));
  return names;
}

json::object to_json(const records::Key& key) {
  json::object object{{"name", key.name},
                      {"tenant", key.tenant},
                      {"stream", key.stream},
                      {"created_at", base::to_rfc3339(key.created_at)},
                      {"scopes", json::value_from(names_of(key.scopes))},
                      {"mechanisms", json::value_from(mechanisms_of(key))}};
  if (key.sender_domains)
    object["sender_domains"] = json::array(key.sender_domains->begin(), key.sender_domains->end());
  if (key.revoked_at) object["revoked_at"] = base::to_rfc3339(*key.revoked_at);
  return object;
}

// As the name system knows them, whichever way they were written.
Result<std::optional<std::vector<std::string>>> sender_domains(const NewKey& key) {
  if (key.any_sender) return std::nullopt;
  TRY(std::vector<std::string> domains, submission::sender_patterns(key.domains));
  return domains;
}

Result<std::set<records::Scope>> scopes_of(const NewKey& key) {
  if (key.scopes.empty()) return std::set{records::Scope::send};
  std::set<records::Scope> scopes;
  for (const std::string& name : key.scopes) {
    TRY(const records::Scope scope, records::parse_scope(name));
    scopes.insert(scope);
  }
  return scopes;
}

std::string senders_of(const records::Key& key) {
  if (!key.sender_domains) return "any sender";
  return fmt::format("sends as {}", fmt::join(*key.sender_domains, " "));
}

std::string day_of(WallTime time) { return base::to_rfc3339(time).substr(0, 10); }

}  // namespace

int keys_create_command(const Global& global, const NewKey& key) {
  auto domains = sender_domains(key);
  if (!domains) return report(domains.error());
  auto scopes = scopes_of(key);
  if (!scopes) return report(scopes.error());
  auto keys = open_keys(global);
  if (!keys) return keys.error();
  io::SystemRng rng;
  auto secret = (*keys)->create(key.name, key.tenant, key.stream, io::SystemClock().wall_now(), rng,
                                *std::move(domains), *scopes);
  if (!secret) return report(secret.error());
  if (global.json) {
    print(json::serialize(json::object{{"name", key.name}, {"secret", *secret}}) + "\n");
    return exit_code::ok;
  }
  print(fmt::format("{}\n", *secret));
  if (!global.quiet)
    note(
        fmt::format("  This is the password for the login \"{}\", and its key for the API. It is "
                    "shown this once: only a hash of it is kept.\n",
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
          "{:<24} tenant {:<16} stream {:<16} by {:<49} created {}, {}, for {}{}\n", key.name,
          key.tenant, key.stream, fmt::format("{}", fmt::join(mechanisms_of(key), " ")),
          day_of(key.created_at), senders_of(key), fmt::join(names_of(key.scopes), " "),
          key.revoked_at ? ", revoked " + day_of(*key.revoked_at) : ""));
  }
  if (list->empty() && !global.json && !global.quiet)
    note("  No keys yet. Make one: waypost keys create NAME --domain DOMAIN\n");
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
