#include "daemon/unsigned_warnings.h"

namespace waypost::daemon {

void UnsignedWarnings::tell(const std::string& domain, const std::string& trouble) {
  const Instant now = loop_.now();
  if (auto told = told_.find(domain); told != told_.end() && now - told->second < every) return;
  if (told_.size() >= domains_max)
    std::erase_if(told_, [&](const auto& entry) { return now - entry.second >= every; });
  if (told_.size() >= domains_max) return;
  told_[domain] = now;
  journal_.warning(trouble + " (told once an hour)");
}

}  // namespace waypost::daemon
