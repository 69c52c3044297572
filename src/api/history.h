#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

// How much mail went how, over time, in memory. Pure.
namespace waypost::api {

enum class Series : uint8_t { accepted, delivered, deferred, bounced };
inline constexpr size_t series_count = 4;
inline constexpr std::array<std::string_view, series_count> series_names{"accepted", "delivered",
                                                                         "deferred", "bounced"};
using Sums = std::array<uint64_t, series_count>;
inline uint64_t of(const Sums& sums, Series series) { return sums[size_t(series)]; }

// Up to now.
enum class Window : uint8_t { hour, day, week, month, year };
// "1h", "24h", "7d", "30d", "400d".
std::optional<Window> parse_window(std::string_view name);
std::string_view name(Window window);
Duration length_of(Window window);

// What happened in one second, minute or hour after the other.
class Ring {
 public:
  struct Bucket {
    std::array<uint32_t, series_count> counts{};
    int64_t waiting = -1;  // -1: nobody looked
  };

  Ring(Duration step, size_t buckets) : step_(step), buckets_max_(buckets) {}
  // Null for what is too old.
  Bucket* at(WallTime time);
  // Null for what nothing happened in, and what is too old.
  const Bucket* at(int64_t index) const;
  int64_t index_of(WallTime time) const;
  Duration step() const { return step_; }

 private:
  Duration step_;
  size_t buckets_max_;
  std::vector<Bucket> buckets_;  // made when the first is needed
  int64_t newest_ = -1;
};

// Recipients, second by second for an hour, minute by minute for a week and hour by hour for 400
// days: of all mail, and of each of the first providers_max providers; those that come later share
// one, `other_provider`. Half a megabyte each. Thread: the loop's.
class History {
 public:
  static constexpr size_t providers_max = 40;
  static constexpr std::string_view other_provider = "others";
  static constexpr std::string_view all_mail = "";

  explicit History(WallTime started);

  // Counts for the provider, and for all mail.
  void add(std::string_view provider, Series series, uint64_t count, WallTime at);
  // How many wait.
  void look(std::string_view provider, uint64_t waiting, WallTime at);

  struct Curves {
    std::chrono::seconds step{0};
    WallTime start;
    // One value a step each; none where nothing is known.
    std::array<std::vector<std::optional<uint64_t>>, series_count> counts;
    std::vector<std::optional<uint64_t>> waiting;
  };
  // None for a provider that is not known.
  std::optional<Curves> curves(std::string_view provider, Window window, WallTime now) const;
  Sums sums(std::string_view provider, Window window, WallTime now) const;
  // Recipients that were tried, a second, over the last minute.
  double tried_per_second(std::string_view provider, WallTime now) const;
  // Those that have a history of their own, and `other_provider` where there is more.
  std::vector<std::string> providers() const;
  // What was before is not known.
  WallTime started() const { return started_; }

 private:
  struct Place {
    Ring seconds;
    Ring minutes;
    Ring hours;
    std::array<Ring*, 3> all() { return {&seconds, &minutes, &hours}; }
  };
  static Place new_place();
  Place& place_of(std::string_view provider);
  const Place* find(std::string_view provider) const;
  static const Ring& ring_of(const Place& place, Window window);

  WallTime started_;
  std::map<std::string, Place, std::less<>> places_;
};

}  // namespace waypost::api
