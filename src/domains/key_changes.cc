#include "domains/key_changes.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "io/draw.h"
#include "mailauth/dkim_record.h"

namespace waypost::domains {
namespace {

// A name that no key of the domain has: the type's letter, the day, and letters that another host
// of the same domain does not draw on the same day.
std::string free_selector(const SendingDomain& domain, KeyType type, WallTime now, io::Rng& rng) {
  constexpr size_t date = 10;
  std::string day = base::to_rfc3339(now).substr(0, date);
  std::erase(day, '-');
  std::string selector;
  do {
    selector = (type == KeyType::rsa ? "r" : "e") + day;
    for (size_t i = 0; i < selector_letters_drawn; ++i)
      selector += static_cast<char>('a' + io::draw_below(rng, 'z' - 'a' + 1));
  } while (domain.find(selector));
  return selector;
}

bool signs_with(const SendingDomain& domain, KeyType type) {
  return std::any_of(domain.keys.begin(), domain.keys.end(), [type](const DomainKey& key) {
    return key.state == KeyState::signing && key.type == type;
  });
}

bool is_wanted(const SendingDomain& domain, const std::string& said, KeyType type) {
  if (!said.empty()) return said == "both" || said == mailauth::name(type);
  return !signs(domain) || signs_with(domain, type);
}

tl::unexpected<Error> no_such_key(const SendingDomain& domain, const std::string& selector) {
  return failure(ErrorCode::not_found,
                 fmt::format("{} has no key \"{}\"; waypost keys ls {} lists them", domain.domain,
                             base::escape_control(selector), domain.domain));
}

}  // namespace

bool signs(const SendingDomain& domain) {
  return signs_with(domain, KeyType::rsa) || signs_with(domain, KeyType::ed25519);
}

Result<void> make_keys(DomainStore& store, SendingDomain& domain, const std::string& said,
                       WallTime now, io::Rng& rng) {
  const SendingDomain before = domain;
  for (KeyType type : {KeyType::rsa, KeyType::ed25519}) {
    if (!is_wanted(before, said, type)) continue;
    TRY_VOID(store.make_key(domain, free_selector(domain, type, now, rng), type, now));
  }
  return {};
}

Result<void> rotate_keys(DomainStore& store, SendingDomain& domain, const std::string& said,
                         WallTime now, io::Rng& rng) {
  for (const DomainKey& key : domain.keys)
    if (key.state == KeyState::prepared)
      return failure(
          ErrorCode::already_exists,
          fmt::format("the new key \"{0}\" is not seen yet: publish it, then waypost domains "
                      "verify {1}. To take it back: waypost keys retire {1} {0}",
                      key.selector, domain.domain));
  return make_keys(store, domain, said, now, rng);
}

Result<std::vector<std::string>> sign_with_seen(DomainStore& store, SendingDomain& domain,
                                                const publish::Verification& seen,
                                                const std::string& selector, WallTime now) {
  std::vector<std::string> found;
  for (const publish::RecordReport& report : seen.records) {
    if (report.wanted.purpose != publish::Purpose::dkim || !report.good()) continue;
    for (const DomainKey& key : domain.keys)
      if (key.state == KeyState::prepared && (selector.empty() || key.selector == selector) &&
          report.wanted.name == mailauth::dkim_record_name(key.selector, domain.domain))
        found.push_back(key.selector);
  }
  for (const std::string& each : found) TRY_VOID(start_signing(domain, each, now));
  if (!found.empty()) TRY_VOID(store.store(domain));
  return found;
}

Result<void> end_signing(DomainStore& store, SendingDomain& domain, const std::string& selector,
                         WallTime now) {
  const DomainKey* named = domain.find(selector);
  if (!named) return no_such_key(domain, selector);
  if (named->state == KeyState::signing) TRY_VOID(retire(domain, selector, now));
  return store.store(domain);
}

Leaving leaving_of(const SendingDomain& domain, const std::string& selector, bool force,
                   WallTime now) {
  Leaving leaving;
  for (const DomainKey& key : domain.keys) {
    const bool named = key.selector == selector;
    const bool unused = named && key.state == KeyState::prepared;
    if (key.state != KeyState::retired && !unused) continue;
    const bool over = may_be_withdrawn(key, now) || unused || (named && force);
    (over ? leaving.gone : leaving.staying).push_back(key);
  }
  return leaving;
}

}  // namespace waypost::domains
