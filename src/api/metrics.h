#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/access.h"
#include "api/exposition.h"
#include "events/event.h"
#include "intake/intake.h"
#include "queue/queue.h"
#include "spool/sync_times.h"

namespace waypost::api {

// GET /metrics, in the text format of Prometheus 0.0.4: counted from the events since the start,
// and read off the queue when it is asked for. No label is an address, or a name that somebody
// outside has chosen freely: a provider is a rule of the sites. Thread: the loop's.
class Metrics {
 public:
  // What the relay knows of itself.
  struct Relay {
    // Each check of its health, and whether it is well.
    std::function<std::vector<std::pair<std::string, bool>>()> checks;
    std::function<spool::SyncTimes()> syncs;
    // When the configuration was taken that holds now, and whether the newest one could be.
    std::function<std::pair<WallTime, bool>()> configuration;
  };
  struct Services {
    io::Loop& loop;
    const queue::Queue& queue;
    Relay relay;
  };
  explicit Metrics(Services services) : services_(std::move(services)) {}

  // Clients of this machine need no key, others one with the scope read; so does what a proxy here
  // passes on, if it says for whom.
  void add_to(web::Router& router, Access& access);

  void heard(const events::Event& event);

  std::string page();

  static constexpr size_t providers_max = 64;

 private:
  // Of one metric, by its labels. What comes when there are so many shares the labels of others.
  class Series {
   public:
    explicit Series(size_t series_max = 2000) : series_max_(series_max) {}
    void add(const std::string& labels, const std::string& labels_of_others, uint64_t count = 1);
    const std::map<std::string, uint64_t>& all() const { return counts_; }

   private:
    const size_t series_max_;
    std::map<std::string, uint64_t> counts_;
  };
  // Several events of one attempt have the same steps.
  struct Attempt {
    std::optional<MessageId> message;
    uint32_t number = 0;
    std::vector<events::Step> steps;

    bool operator==(const Attempt&) const = default;
  };
  // The sites of a provider together.
  struct ProviderQueue {
    std::array<uint64_t, queue::place_count> places{};
    uint64_t attempts = 0;
    std::map<queue::SiteMeasure, uint64_t> measures;
    std::optional<shaping::SiteLimits> limits;  // of one of them; none of other providers
  };

  const std::string& provider_of(std::string_view rule);
  void add_attempt(const events::Event& event, const std::string& provider, uint64_t recipients);
  void add_bounce(const events::Event& event, const std::string& provider, uint64_t recipients);
  void add_steps(const events::Event& event);
  void show_counts(Exposition& page) const;
  void show_queue(Exposition& page);
  void show_oldest(Exposition& page);
  void show_shaping(Exposition& page, const std::map<std::string, ProviderQueue>& providers) const;
  void show_relay(Exposition& page) const;

  Services services_;
  std::set<std::string, std::less<>> providers_;
  Series accepted_{providers_max};  // by stream
  Series attempts_;
  Series final_;
  Series bounces_;
  Series returned_;
  Series apart_;  // what is no mail that was sent
  uint64_t rejected_ = 0;
  std::map<std::string, Histogram> delivery_times_;  // by provider
  std::map<std::string, Histogram> phase_times_;
  Attempt last_attempt_;
};

}  // namespace waypost::api
