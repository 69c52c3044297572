#include "daemon/quota_keeper.h"

#include <algorithm>

#include "daemon/quota_file.h"

namespace waypost::daemon {
namespace {

// What it costs the loop stays under a hundredth of its time.
constexpr int64_t interval_a_spent = 100;

}  // namespace

QuotaKeeper::QuotaKeeper(Services services)
    : services_(std::move(services)), timer_(services_.loop.timers()) {
  services_.book.on_change([this] {
    changed_ = true;
    save_soon();
  });
}

QuotaKeeper::~QuotaKeeper() { services_.book.on_change({}); }

std::string QuotaKeeper::restore(io::Disk& disk, const std::string& path) {
  KeptQuotas kept = load_quotas(disk, path);
  services_.book.restore(kept.quotas, services_.loop.now(), services_.loop.wall_now());
  return std::move(kept.trouble);
}

void QuotaKeeper::save_soon() {
  if (waiting_ || stopping_) return;
  waiting_ = true;
  Duration wait = std::max(interval, spent_ * interval_a_spent);
  timer_.start(services_.loop.now() + wait, [this] { saves_.start(save()); });
}

io::Task<void> QuotaKeeper::save() {
  changed_ = false;
  const Instant began = services_.loop.now();
  auto quotas = services_.book.keep(began, services_.loop.wall_now(), kept_sites_max);
  spent_ = services_.loop.now() - began;
  Result<void> written = co_await services_.write(std::move(quotas));
  if (!written && !failing_)
    services_.trouble("what sites got cannot be written down, so that a restart would forget it: " +
                      written.error().describe());
  failing_ = !written;
  changed_ |= failing_;
  waiting_ = false;
  if (changed_) save_soon();
}

io::Task<void> QuotaKeeper::stop() {
  stopping_ = true;
  timer_.cancel();
  co_await saves_.join();
  if (changed_) co_await save();
}

}  // namespace waypost::daemon
