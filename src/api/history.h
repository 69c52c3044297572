#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
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
  size_t buckets_max() const { return buckets_max_; }
  // Each one in which something is, from the oldest on.
  void visit(const std::function<void(int64_t index, const Bucket&)>& visit) const;
  // The clock was set back: what is newer never was.
  void forget_after(WallTime time);
  // The first bucket whose counts are whole; of the time before it nothing is known. 0: all are.
  int64_t oldest() const { return oldest_; }
  void set_oldest(int64_t index) { oldest_ = index; }

 private:
  Duration step_;
  int64_t oldest_ = 0;
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
  // What is no mail that was sent, apart; no provider has such a name.
  static constexpr std::string_view notices = "(notices)";
  static constexpr std::string_view inbound = "(inbound)";
  static constexpr std::string_view complaints = "(complaints)";  // each is `bounced`
  // Times in which everything was counted; of more the newest are kept.
  static constexpr size_t spans_max = 64;
  struct Span {
    WallTime from;
    WallTime to;
  };

  explicit History(WallTime started);

  // Into one that began at `now`: the times in which others before it counted, oldest first.
  void restore(const std::vector<Span>& spans, WallTime now);
  // `last` was the last that the clock said before it was set to `now`.
  void clock_was_set(WallTime last, WallTime now);
  // As of `now`, oldest first.
  std::vector<Span> spans(WallTime now) const;
  // Seconds, minutes and hours of a name; null for one that is not known.
  std::array<const Ring*, 3> rings(std::string_view name) const;
  // To be filled; null where there is no place for one more name.
  std::array<Ring*, 3> rings_to_fill(std::string_view name);

  // Counts for the provider, and for all mail.
  void add(std::string_view provider, Series series, uint64_t count, WallTime at);
  // What was counted as `from` at one time is `to` at another; as far as it was counted.
  struct Change {
    Series from;
    WallTime counted_at;
    Series to;
    WallTime at;
  };
  void move(std::string_view provider, const Change& change, uint64_t count);
  // Counts under that name, and not for all mail.
  void add_apart(std::string_view name, Series series, uint64_t count, WallTime at);
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
  // All that has a history.
  std::vector<std::string> names() const;
  // Those providers that have a history of their own, and `other_provider` where there is more.
  std::vector<std::string> providers() const;
  // What was before is not known.
  WallTime started() const { return spans_.front().from; }

 private:
  struct Place {
    Ring seconds;
    Ring minutes;
    Ring hours;
    std::array<Ring*, 3> all() { return {&seconds, &minutes, &hours}; }
  };
  static Place new_place();
  static void add_to(Place& place, Series series, uint64_t count, WallTime at);
  Place& place_of(std::string_view provider);
  const Place* find(std::string_view provider) const;
  static const Ring& ring_of(const Place& place, Window window);
  static bool is_apart(std::string_view name) { return name.starts_with('('); }
  bool has_room(std::string_view name) const;
  bool is_known(WallTime from, WallTime to) const;

  std::vector<Span> spans_;  // oldest first; the last one has no end yet
  std::map<std::string, Place, std::less<>> places_;
};

}  // namespace waypost::api
