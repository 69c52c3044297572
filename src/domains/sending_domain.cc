#include "domains/sending_domain.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/ascii.h"
#include "dns/idn.h"
#include "dns/rdata.h"

namespace waypost::domains {
namespace {

constexpr size_t record_text_octets_max = 1000;

tl::unexpected<Error> wrong(std::string message) {
  return failure(ErrorCode::invalid_input, std::move(message));
}

bool is_normal(std::string_view name) {
  auto normal = normal_name(name, "name");
  return normal && *normal == name;
}

// A file beside the others, that nobody can lead elsewhere.
bool is_plain_file_name(std::string_view file) {
  return file.size() <= 255 && file.ends_with(".pem") && !file.starts_with('.') &&
         file.find('/') == std::string_view::npos && is_normal(file);
}

DomainKey* find_key(SendingDomain& domain, std::string_view selector) {
  auto found = std::find_if(domain.keys.begin(), domain.keys.end(),
                            [&](const DomainKey& key) { return key.selector == selector; });
  return found == domain.keys.end() ? nullptr : &*found;
}

// What may stand inside of a published record.
bool is_record_text(std::string_view text) {
  return text.size() <= record_text_octets_max && std::all_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x7f && !base::is_control(c) && c != '"' &&
                  c != ';' && c != '\\';
         });
}

tl::unexpected<Error> no_such_key(const SendingDomain& domain, std::string_view selector) {
  return failure(ErrorCode::not_found, fmt::format("{} has no key with the selector \"{}\"",
                                                   domain.domain, base::escape_control(selector)));
}

void enter(DomainKey& key, KeyState state, WallTime now) {
  key.state = state;
  key.since = now;
}

}  // namespace

std::string_view type_name(KeyType type) { return type == KeyType::rsa ? "rsa2048" : "ed25519"; }

std::string_view name(KeyState state) {
  switch (state) {
    case KeyState::prepared:
      return "prepared";
    case KeyState::signing:
      return "signing";
    case KeyState::retired:
      return "retired";
  }
  return "";
}

const DomainKey* SendingDomain::find(std::string_view selector) const {
  return find_key(const_cast<SendingDomain&>(*this), selector);
}

Result<std::string> normal_name(std::string_view name, std::string_view what) {
  auto labels = dns::to_a_labels(name);
  auto normal = labels ? dns::normalize_name(*labels) : std::move(labels);
  if (normal) return normal;
  return wrong(fmt::format("the {} \"{}\" is not a domain name", what, base::escape_control(name)));
}

Result<void> check_domain(const SendingDomain& domain) {
  if (!is_normal(domain.domain))
    return wrong(fmt::format("\"{}\" is not a domain name in lower case",
                             base::escape_control(domain.domain)));
  if (domain.return_path && !is_normal(*domain.return_path))
    return wrong(fmt::format("the return path \"{}\" is not a domain name in lower case",
                             base::escape_control(*domain.return_path)));
  if (!is_record_text(domain.senders) || !is_record_text(domain.reports))
    return wrong("the senders or the mailbox for reports cannot stand in a record");
  if (domain.keys.size() > domain_keys_max)
    return wrong(fmt::format("{} has {} keys; at most {} are kept: take out retired ones",
                             domain.domain, domain.keys.size(), domain_keys_max));
  std::set<std::string_view> selectors;
  std::set<std::string_view> files;
  std::set<KeyType> signing;
  for (const DomainKey& key : domain.keys) {
    const std::string shown = base::escape_control(key.selector);
    if (!is_normal(key.selector))
      return wrong(fmt::format("the selector \"{}\" is not a name in lower case", shown));
    if (!selectors.insert(key.selector).second)
      return wrong(fmt::format("two keys have the selector {}", shown));
    if (!is_plain_file_name(key.file))
      return wrong(
          fmt::format("the key {} has the file \"{}\": it must be the name of a .pem file "
                      "in the domain's folder",
                      shown, base::escape_control(key.file)));
    if (!files.insert(key.file).second)
      return wrong(fmt::format("two keys have the file {}", key.file));
    if (key.state == KeyState::signing && !signing.insert(key.type).second)
      return wrong(fmt::format("two keys of the type {} sign at once: one must be retired",
                               type_name(key.type)));
  }
  return {};
}

Result<void> start_signing(SendingDomain& domain, std::string_view selector, WallTime now) {
  DomainKey* key = find_key(domain, selector);
  if (!key) return no_such_key(domain, selector);
  if (key->state == KeyState::signing) return {};
  if (key->state == KeyState::retired)
    return wrong(fmt::format("the key {} is retired; make a new one", key->selector));
  for (DomainKey& other : domain.keys)
    if (other.type == key->type && other.state == KeyState::signing)
      enter(other, KeyState::retired, now);
  enter(*key, KeyState::signing, now);
  return {};
}

Result<void> retire(SendingDomain& domain, std::string_view selector, WallTime now) {
  DomainKey* key = find_key(domain, selector);
  if (!key) return no_such_key(domain, selector);
  if (key->state != KeyState::retired) enter(*key, KeyState::retired, now);
  return {};
}

bool may_be_withdrawn(const DomainKey& key, WallTime now) {
  return key.state == KeyState::retired && now - key.since >= retired_published_for;
}

}  // namespace waypost::domains
