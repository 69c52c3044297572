#include "domains/domain_store.h"

#include <algorithm>

#include <fmt/format.h>

#include "domains/domain_file.h"

namespace waypost::domains {
namespace {

constexpr unsigned owner_only_file = 0600;
constexpr unsigned owner_only_folder = 0700;
constexpr std::string_view ending = ".toml";

}  // namespace

std::string DomainStore::file_of(std::string_view domain) const {
  return fmt::format("{}/{}{}", folder_, domain, ending);
}

std::string DomainStore::folder_of(std::string_view domain) const {
  return fmt::format("{}/{}", folder_, domain);
}

Result<std::vector<std::string>> DomainStore::list() const {
  TRY(std::vector<std::string> files, disk_.list(folder_));
  std::vector<std::string> domains;
  for (const std::string& file : files) {
    if (!file.ends_with(ending)) continue;
    const std::string name = file.substr(0, file.size() - ending.size());
    auto normal = normal_name(name, "domain");
    if (normal && *normal == name) domains.push_back(name);
  }
  if (domains.size() > domains_max)
    return failure(ErrorCode::resource_exhausted,
                   fmt::format("{} holds {} domains; at most {} are read", folder_, domains.size(),
                               domains_max));
  std::sort(domains.begin(), domains.end());
  return domains;
}

Result<SendingDomain> DomainStore::load(std::string_view domain) const {
  TRY(const std::string normal, normal_name(domain, "domain"));
  const std::string file = file_of(normal);
  if (!disk_.exists(file))
    return failure(ErrorCode::not_found, normal + " is no domain that mail is sent from");
  TRY(std::string octets, disk_.read_file(file, domain_file_octets_max));
  TRY(SendingDomain loaded, decode_domain(octets, file));
  if (loaded.domain != normal)
    return failure(ErrorCode::corrupt,
                   fmt::format("{} is the file of another domain, {}", file, loaded.domain));
  return loaded;
}

Result<void> DomainStore::store(const SendingDomain& domain) {
  TRY_VOID(check_domain(domain));
  TRY_VOID(disk_.make_folders(folder_, owner_only_folder));
  return disk_.write_file(file_of(domain.domain), encode_domain(domain), owner_only_file);
}

Result<void> DomainStore::remove(std::string_view domain) {
  TRY(const std::string normal, normal_name(domain, "domain"));
  const std::string file = file_of(normal);
  if (!disk_.exists(file))
    return failure(ErrorCode::not_found, normal + " is no domain that mail is sent from");
  // The file that names the keys goes first: a crash leaves keys that nobody uses, never a domain
  // whose keys are gone. A file that cannot be read is no reason to stay.
  TRY_VOID(disk_.remove(file));
  const std::string keys = folder_of(normal);
  TRY(std::vector<std::string> names, disk_.list(keys));
  for (const std::string& name : names)
    if (name.ends_with(".pem")) TRY_VOID(disk_.remove(keys + "/" + name));
  return {};
}

Result<void> DomainStore::make_key(SendingDomain& domain, std::string_view selector, KeyType type,
                                   WallTime now) {
  TRY(const std::string normal, normal_name(selector, "selector"));
  SendingDomain changed = domain;
  DomainKey made{normal, type, KeyState::prepared, normal + ".pem", now, now};
  const std::string path = folder_of(domain.domain) + "/" + made.file;
  if (domain.find(normal) || disk_.exists(path))
    return failure(ErrorCode::already_exists,
                   fmt::format("{} has a key with the selector {} already ({}): choose another",
                               domain.domain, normal, path));
  changed.keys.push_back(std::move(made));
  TRY_VOID(check_domain(changed));
  TRY(mailauth::PrivateKey key, mailauth::PrivateKey::generate(type, mailauth::rsa_bits_usual));
  TRY_VOID(disk_.make_folders(folder_of(domain.domain), owner_only_folder));
  TRY_VOID(disk_.write_file(path, key.to_pem().reveal(), owner_only_file));
  TRY_VOID(store(changed));
  domain = std::move(changed);
  return {};
}

Result<void> DomainStore::remove_key(SendingDomain& domain, std::string_view selector) {
  const DomainKey* key = domain.find(selector);
  if (!key) return failure(ErrorCode::not_found, fmt::format("{} has no such key", domain.domain));
  if (key->state == KeyState::signing)
    return failure(ErrorCode::invalid_input,
                   fmt::format("the key {} signs; retire it first", key->selector));
  const std::string path = folder_of(domain.domain) + "/" + key->file;
  SendingDomain changed = domain;
  std::erase_if(changed.keys, [&](const DomainKey& one) { return one.selector == selector; });
  TRY_VOID(store(changed));
  domain = std::move(changed);
  if (!disk_.exists(path)) return {};
  return disk_.remove(path);
}

Result<mailauth::PrivateKey> DomainStore::load_key(const SendingDomain& domain,
                                                   const DomainKey& key) const {
  const std::string path = folder_of(domain.domain) + "/" + key.file;
  TRY(std::string octets, disk_.read_private_file(path, mailauth::private_key_octets_max));
  auto parsed = mailauth::PrivateKey::parse(Secret::take(octets));
  if (!parsed)
    return failure(ErrorCode::corrupt, fmt::format("{}: {}", path, parsed.error().message()));
  if (parsed->type() != key.type)
    return failure(ErrorCode::corrupt, fmt::format("{} holds a key of the type {}, and {} says {}",
                                                   path, mailauth::name(parsed->type()),
                                                   file_of(domain.domain), type_name(key.type)));
  return parsed;
}

Result<std::optional<mailauth::SigningPlan>> DomainStore::signing_plan(
    std::string_view domain) const {
  auto loaded = load(domain);
  if (!loaded && loaded.error().code() == ErrorCode::not_found)
    return std::optional<mailauth::SigningPlan>();
  if (!loaded) return failure(std::move(loaded).error());
  std::vector<mailauth::SigningKey> keys;
  for (const DomainKey& key : loaded->keys) {
    if (key.state != KeyState::signing) continue;
    TRY(mailauth::PrivateKey parsed, load_key(*loaded, key));
    keys.push_back({key.selector, std::make_shared<mailauth::PrivateKey>(std::move(parsed))});
  }
  if (keys.empty()) return std::optional<mailauth::SigningPlan>();
  TRY(mailauth::SigningPlan plan, mailauth::SigningPlan::create(loaded->domain, std::move(keys)));
  return plan;
}

}  // namespace waypost::domains
