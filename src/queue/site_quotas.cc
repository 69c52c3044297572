#include "queue/site_quotas.h"

#include <algorithm>
#include <array>

namespace waypost::queue {

using namespace std::chrono_literals;
using shaping::Quota;
using shaping::SiteLimits;

SiteQuotas::SiteQuotas(const SiteLimits& limits)
    : limits_(limits),
      connections_(1min, limits.connections_per_minute.value),
      hour_(1h, limits.messages_per_hour.value),
      day_(24h, limits.messages_per_day.value) {}

void SiteQuotas::set_limits(const SiteLimits& limits) {
  limits_ = limits;
  connections_.set_most(limits.connections_per_minute.value);
  hour_.set_most(limits.messages_per_hour.value);
  day_.set_most(limits.messages_per_day.value);
}

SiteQuotas::Shortage SiteQuotas::shortage(Instant now, uint64_t ahead,
                                          const KeptFree& kept_free) const {
  auto free_at = [&](const Quota& quota) {
    const uint64_t kept = kept_free && quota.most() > 0 ? kept_free(quota.most()) : 0;
    return quota.free_at(now, promised_ + ahead + 1 + kept);
  };
  Shortage hour{&hour_, &limits_.messages_per_hour, "messages an hour", free_at(hour_)};
  Shortage day{&day_, &limits_.messages_per_day, "messages a day", free_at(day_)};
  return day.until > hour.until ? day : hour;
}

void SiteQuotas::send(Instant now) {
  hour_.take(now);
  day_.take(now);
}

QuotaPlace::QuotaPlace(std::shared_ptr<SiteQuotas> quotas) : quotas_(std::move(quotas)) {
  if (!quotas_) return;
  holds_ = true;
  ++quotas_->promised_;
}

void QuotaPlace::send(Instant now) {
  leave();
  if (quotas_) quotas_->send(now);
}

void QuotaPlace::leave() {
  if (std::exchange(holds_, false)) --quotas_->promised_;
}

unsigned SiteQuotas::connections_left(Instant now) const {
  const uint64_t most = connections_.most();
  if (most == 0) return UINT32_MAX;
  return static_cast<unsigned>(most - std::min(most, connections_.used(now)));
}

Quota* SiteQuotas::with_window(Duration window) {
  for (Quota* quota : {&connections_, &hour_, &day_})
    if (quota->window() == window) return quota;
  return nullptr;
}

bool SiteQuotas::is_empty(Instant now) const {
  return std::max({connections_.empty_at(), hour_.empty_at(), day_.empty_at()}) <= now;
}

bool has_quota(const SiteLimits& limits) {
  return limits.connections_per_minute.value > 0 || limits.messages_per_hour.value > 0 ||
         limits.messages_per_day.value > 0;
}

std::shared_ptr<SiteQuotas> QuotaBook::open(const std::string& site, const SiteLimits& limits) {
  auto known = sites_.find(site);
  if (known == sites_.end()) {
    if (!has_quota(limits)) return nullptr;
    known = sites_.emplace(site, std::make_shared<SiteQuotas>(limits)).first;
  }
  known->second->set_limits(limits);
  return known->second;
}

std::vector<KeptQuota> QuotaBook::keep(Instant now, WallTime wall_now, size_t sites_max) {
  std::erase_if(sites_, [now](const auto& named) {
    return named.second.use_count() == 1 && named.second->is_empty(now);
  });
  auto to_wall = [&](Instant time) {
    return wall_now + std::chrono::ceil<WallTime::duration>(time - now);
  };
  std::vector<KeptQuota> kept;
  size_t sites = 0;
  for (const auto& [name, quotas] : sites_) {
    if (sites++ == sites_max) break;
    for (const Quota* quota : {&quotas->connections(), &quotas->hour(), &quotas->day()}) {
      KeptQuota one{name, quota->window(), {}};
      for (const Quota::Part& part : quota->parts())
        if (part.last + quota->window() > now)
          one.counts.emplace_back(to_wall(part.last), part.count);
      if (!one.counts.empty()) kept.push_back(std::move(one));
    }
  }
  return kept;
}

void QuotaBook::restore(const std::vector<KeptQuota>& kept, Instant now, WallTime wall_now) {
  for (const KeptQuota& one : kept) {
    std::shared_ptr<SiteQuotas>& quotas = sites_[one.site];
    if (!quotas) quotas = std::make_shared<SiteQuotas>(SiteLimits{});
    Quota* quota = quotas->with_window(one.window);
    if (!quota) continue;
    for (const auto& [last, count] : one.counts)
      if (last + std::chrono::ceil<WallTime::duration>(one.window) > wall_now)
        quota->restore(now + (std::min(last, wall_now) - wall_now), count);
  }
}

}  // namespace waypost::queue
