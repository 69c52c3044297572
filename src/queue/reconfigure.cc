#include "queue/queue.h"

namespace waypost::queue {

void Queue::reconfigure(shaping::SiteTable sites, RetrySchedule retry) {
  site_table_ = std::move(sites);
  retry_ = retry;
  std::vector<Item> ready;
  for (auto& [name, site] : sites_) {
    // A site that no rule names any more still has attempts under way, which count for its limits.
    site->limits = site_table_.find(site->domain, site->mail_host).limits;
    site->pacer.set_rate(site->limits->messages_per_second.value);
    site->turns.set_rate(site->limits->messages_per_second.value);
    site->timer.cancel();
    ready.insert(ready.end(), site->ready.begin(), site->ready.end());
    site->ready.clear();
  }
  find_sites(ready);
}

}  // namespace waypost::queue
