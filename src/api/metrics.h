#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "api/access.h"
#include "events/event.h"
#include "intake/intake.h"
#include "queue/queue.h"

namespace waypost::api {

// GET /metrics, in the text format of Prometheus 0.0.4: counted from the events since the start,
// and read off the queue when it is asked for. Thread: the loop's.
class Metrics {
 public:
  // A check of the relay's health, and whether it is well.
  using Checks = std::function<std::vector<std::pair<std::string, bool>>()>;
  struct Services {
    io::Loop& loop;
    const queue::Queue& queue;
    Checks checks;
  };
  explicit Metrics(Services services) : services_(std::move(services)) {}

  // Clients of this machine need no key, others one with the scope read; so does what a proxy here
  // passes on, if it says for whom.
  void add_to(web::Router& router, Access& access);

  void heard(const events::Event& event);

  std::string page() const;

 private:
  // Of one metric, by the values of its labels. Names come from outside: beyond so many they share
  // one series.
  class Series {
   public:
    static constexpr size_t series_max = 200;
    void add(const std::string& labels, const std::string& labels_of_others, uint64_t count = 1);
    const std::map<std::string, uint64_t>& all() const { return counts_; }

   private:
    std::map<std::string, uint64_t> counts_;
  };
  static constexpr std::array<double, 10> delivery_bounds_s{0.1, 0.5, 1,    5,     10,
                                                            60,  300, 3600, 14400, 86400};

  void add_attempt(const events::Event& event, uint64_t recipients);
  void add_queue(std::string& text) const;
  void add_delivery_times(std::string& text) const;

  Services services_;
  Series accepted_;
  Series attempts_;
  Series final_;
  Series bounces_;
  uint64_t rejected_ = 0;
  std::array<uint64_t, delivery_bounds_s.size() + 1> delivery_counts_{};
  double delivery_sum_s_ = 0;
};

}  // namespace waypost::api
