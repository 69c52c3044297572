#include "domains/signers.h"

#include <algorithm>

#include <fmt/format.h>

#include "mailauth/dkim_record.h"

namespace waypost::domains {

using mailauth::PrivateKey;
using mailauth::SigningKey;
using mailauth::SigningPlan;

namespace {

// Of the domain itself, else of the nearest above it.
template <typename Entries>
auto find_at_or_above(const Entries& entries, std::string_view domain) {
  while (true) {
    const size_t dot = domain.find('.');
    if (auto found = entries.find(domain); found != entries.end() || dot == std::string_view::npos)
      return found;
    domain.remove_prefix(dot + 1);
  }
}

}  // namespace

Signers::Plan Signers::find(std::string_view domain) const {
  const auto found = find_at_or_above(plans_, domain);
  return found == plans_.end() ? nullptr : found->second;
}

bool Signers::is_unreadable(std::string_view domain) const {
  return are_unknown_ || find_at_or_above(unreadable_, domain) != unreadable_.end();
}

const Signers::Awaited* Signers::awaited(std::string_view domain) const {
  const auto found = find_at_or_above(awaited_, domain);
  return found == awaited_.end() ? nullptr : &found->second;
}

std::vector<Signers::Plan> Signers::plans() const {
  std::vector<Plan> all;
  for (const auto& [domain, plan] : plans_) all.push_back(plan);
  return all;
}

// Reads all keys; what fails is told, and the domain keeps what it had.
class SignerReader {
 public:
  SignerReader(io::Disk& disk, const SignerSources& sources, const Signers* before)
      : disk_(disk), store_(disk, sources.folder), sources_(sources), before_(before) {}

  LoadedSigners read() {
    auto domains = store_.list();
    if (!domains) tell(domains.error());
    // Whoever cannot list them signs for all that it did.
    if (!domains && before_) *signers_ = *before_;
    signers_->are_unknown_ = !domains && (!before_ || before_->are_unknown_);
    if (domains)
      for (const std::string& domain : *domains) read_domain(domain);
    for (const KeyFile& file : sources_.key_files) read_file(file);
    for (auto& [domain, keys] : keys_) make_plan(domain, std::move(keys));
    for (const std::string& domain : broken_) keep_what_was(domain);
    return {signers_, std::move(troubles_)};
  }

 private:
  void tell(const Error& error) { troubles_.push_back(error.describe()); }

  void fail(const std::string& domain, const Error& error) {
    tell(error);
    broken_.push_back(domain);
  }

  bool is_wanted(const std::string& domain) const {
    return sources_.domains.empty() || std::find(sources_.domains.begin(), sources_.domains.end(),
                                                 domain) != sources_.domains.end();
  }

  void read_domain(const std::string& domain) {
    if (!is_wanted(domain)) return;
    auto loaded = store_.load(domain);
    if (!loaded) return fail(domain, loaded.error());
    for (const DomainKey& key : loaded->keys) {
      if (key.state != KeyState::signing) continue;
      auto parsed = store_.load_key(*loaded, key);
      if (!parsed) return fail(domain, parsed.error());
      keys_[domain].push_back({key.selector, std::make_shared<PrivateKey>(*std::move(parsed))});
    }
    if (!keys_.contains(domain)) read_prepared(*loaded);
  }

  void read_prepared(const SendingDomain& domain) {
    Signers::Awaited awaited;
    awaited.domain = domain.domain;
    std::vector<SigningKey> keys;
    for (const DomainKey& key : domain.keys) {
      if (key.state != KeyState::prepared) continue;
      const bool is_first = awaited.record.empty();
      if (is_first) awaited.record = mailauth::dkim_record_name(key.selector, domain.domain);
      auto parsed = store_.load_key(domain, key);
      if (parsed && is_first) awaited.record_text = mailauth::dkim_record_text(*parsed);
      if (parsed)
        keys.push_back({key.selector, std::make_shared<PrivateKey>(*std::move(parsed))});
      else
        tell(parsed.error());
    }
    if (awaited.record.empty()) return;
    if (auto plan = SigningPlan::create(domain.domain, std::move(keys)))
      awaited.plan = std::make_shared<const SigningPlan>(*std::move(plan));
    signers_->awaited_.emplace(domain.domain, std::move(awaited));
  }

  void read_file(const KeyFile& file) {
    auto octets = disk_.read_private_file(file.file, mailauth::private_key_octets_max);
    if (!octets) return fail(file.domain, octets.error());
    auto key = PrivateKey::parse(Secret::take(*octets));
    if (!key) return fail(file.domain, Error(key.error()).while_doing("reading " + file.file));
    keys_[file.domain].push_back({file.selector, std::make_shared<PrivateKey>(*std::move(key))});
  }

  void make_plan(const std::string& domain, std::vector<SigningKey> keys) {
    auto plan = SigningPlan::create(domain, std::move(keys));
    if (!plan) return fail(domain, plan.error());
    signers_->plans_[domain] = std::make_shared<const SigningPlan>(*std::move(plan));
    signers_->awaited_.erase(domain);
  }

  // Also where some of its keys could be read: half of the signatures are worse than those of
  // before.
  void keep_what_was(const std::string& domain) {
    if (before_)
      if (auto old = before_->plans_.find(domain); old != before_->plans_.end())
        signers_->plans_[domain] = old->second;
    if (!signers_->plans_.contains(domain)) signers_->unreadable_.insert(domain);
  }

  io::Disk& disk_;
  DomainStore store_;
  const SignerSources& sources_;
  const Signers* before_;
  std::shared_ptr<Signers> signers_ = std::make_shared<Signers>();
  std::map<std::string, std::vector<SigningKey>> keys_;
  std::vector<std::string> broken_;
  std::vector<std::string> troubles_;
};

LoadedSigners load_signers(io::Disk& disk, const SignerSources& sources, const Signers* before) {
  return SignerReader(disk, sources, before).read();
}

}  // namespace waypost::domains
