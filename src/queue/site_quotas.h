#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "shaping/limits.h"
#include "shaping/quota.h"

namespace waypost::queue {

// What one site got over minutes, hours and days, against what it may get.
//
// What counts is what the site sees: a message at the MAIL command, whether it is then taken or
// refused, for who counts messages mostly counts those that it refused as well; and a connection
// when it is tried. An attempt that is let go keeps a place until its MAIL, so that those under way
// cannot exceed it together.
class SiteQuotas {
 public:
  explicit SiteQuotas(const shaping::SiteLimits& limits);
  // What was counted stays.
  void set_limits(const shaping::SiteLimits& limits);

  // The quota that keeps back the message behind `ahead` others for the longest, and until when.
  // Others may need what `kept_free` says of each quota's most.
  struct Shortage {
    const shaping::Quota* quota = nullptr;
    const shaping::Sourced<unsigned>* limit = nullptr;
    std::string_view what;  // "messages an hour"
    Instant until;          // `now` or earlier: it may go
  };
  using KeptFree = std::function<uint64_t(uint64_t most)>;
  Shortage shortage(Instant now, uint64_t ahead = 0, const KeptFree& kept_free = {}) const;

  // MAIL is given.
  void send(Instant now);

  // How many connections may be tried at `now`; when another may.
  unsigned connections_left(Instant now) const;
  Instant may_connect_at(Instant now) const { return connections_.free_at(now); }
  void connect(Instant now) { connections_.take(now); }

  const shaping::Quota& connections() const { return connections_; }
  const shaping::Quota& hour() const { return hour_; }
  const shaping::Quota& day() const { return day_; }
  const shaping::SiteLimits& limits() const { return limits_; }
  // By the length of its window; null when there is none.
  shaping::Quota* with_window(Duration window);
  bool is_empty(Instant now) const;

 private:
  friend class QuotaPlace;
  shaping::SiteLimits limits_;
  shaping::Quota connections_;
  shaping::Quota hour_;
  shaping::Quota day_;
  unsigned promised_ = 0;
};

// The place of one attempt that was let go: until its MAIL, or its end if it comes to none.
class QuotaPlace {
 public:
  // Null takes none.
  explicit QuotaPlace(std::shared_ptr<SiteQuotas> quotas);
  QuotaPlace(const QuotaPlace&) = delete;
  QuotaPlace& operator=(const QuotaPlace&) = delete;
  ~QuotaPlace() { leave(); }

  void send(Instant now);
  void leave();

 private:
  std::shared_ptr<SiteQuotas> quotas_;
  bool holds_ = false;
};

// Whether a site with these limits has any.
bool has_quota(const shaping::SiteLimits& limits);

// What a quota counted, as it lasts over a restart.
struct KeptQuota {
  std::string site;
  Duration window;
  // When the last of a part went, and how many; the oldest first.
  std::vector<std::pair<WallTime, uint64_t>> counts;
  bool operator==(const KeptQuota&) const = default;
};

// The quotas of all sites that have any, or had them lately. They outlive the queue's own memory of
// a site: a day is longer than a site without mail is remembered.
class QuotaBook {
 public:
  // Of the site, with these limits from now on; null when it needs none.
  std::shared_ptr<SiteQuotas> open(const std::string& site, const shaping::SiteLimits& limits);

  // Something was counted.
  void note_change() const {
    if (changed_) changed_();
  }
  // Told of each change, for whoever keeps it.
  void on_change(std::function<void()> changed) { changed_ = std::move(changed); }
  size_t size() const { return sites_.size(); }

  // What is to last, given both clocks; forgets what no longer counts. Of more than `sites_max`
  // sites, those whose names come first.
  std::vector<KeptQuota> keep(Instant now, WallTime wall_now, size_t sites_max);
  // Before anything is counted. A time ahead of `wall_now` is taken for it: a clock that was set
  // back makes a quota hold for longer, at most for one window.
  void restore(const std::vector<KeptQuota>& kept, Instant now, WallTime wall_now);

 private:
  std::map<std::string, std::shared_ptr<SiteQuotas>> sites_;
  std::function<void()> changed_;
};

}  // namespace waypost::queue
