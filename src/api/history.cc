#include "api/history.h"

#include <algorithm>

namespace waypost::api {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

enum class Tier : uint8_t { second, minute, hour };

// How a window is read: so many points, each of so many buckets of a tier.
struct Shape {
  std::string_view name;
  Tier tier;
  int64_t points;
  int64_t buckets_a_point;
};
constexpr std::array<Shape, 5> shapes{{{"1h", Tier::second, 360, 10},
                                       {"24h", Tier::minute, 288, 5},
                                       {"7d", Tier::minute, 168, 60},
                                       {"30d", Tier::hour, 120, 6},
                                       {"400d", Tier::hour, 400, 24}}};
constexpr size_t seconds_kept = 3600 + 10;
constexpr size_t minutes_kept = 7 * 24 * 60 + 60;
constexpr size_t hours_kept = 400 * 24 + 24;

const Shape& shape_of(Window window) { return shapes[size_t(window)]; }

int64_t floor_of(int64_t value, int64_t divisor) {
  const int64_t quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

}  // namespace

std::optional<Window> parse_window(std::string_view name) {
  for (size_t i = 0; i < shapes.size(); ++i)
    if (shapes[i].name == name) return Window(i);
  return std::nullopt;
}

std::string_view name(Window window) { return shape_of(window).name; }

Duration length_of(Window window) {
  const Shape& shape = shape_of(window);
  const std::array<Duration, 3> steps{seconds(1), minutes(1), hours(1)};
  return steps[size_t(shape.tier)] * (shape.points * shape.buckets_a_point);
}

int64_t Ring::index_of(WallTime time) const {
  const auto step = std::chrono::duration_cast<std::chrono::microseconds>(step_).count();
  return floor_of(time.time_since_epoch().count(), step);
}

Ring::Bucket* Ring::at(WallTime time) {
  const int64_t index = index_of(time);
  const auto size = static_cast<int64_t>(buckets_max_);
  if (index < 0 || index <= newest_ - size) return nullptr;
  if (buckets_.empty()) {
    buckets_.resize(buckets_max_);
    newest_ = index;
  }
  // What stands there is of a round before.
  for (int64_t next = std::max(newest_ + 1, index - size + 1); next <= index; ++next)
    buckets_[size_t(next % size)] = Bucket();
  newest_ = std::max(newest_, index);
  return &buckets_[size_t(index % size)];
}

const Ring::Bucket* Ring::at(int64_t index) const {
  const auto size = static_cast<int64_t>(buckets_max_);
  if (buckets_.empty() || index < 0 || index > newest_ || index <= newest_ - size) return nullptr;
  return &buckets_[size_t(index % size)];
}

History::History(WallTime started) : started_(started) { places_.emplace(all_mail, new_place()); }

History::Place History::new_place() {
  return {Ring(seconds(1), seconds_kept), Ring(minutes(1), minutes_kept),
          Ring(hours(1), hours_kept)};
}

History::Place& History::place_of(std::string_view provider) {
  auto found = places_.find(provider);
  if (found != places_.end()) return found->second;
  const std::string_view named = places_.size() <= providers_max ? provider : other_provider;
  return places_.try_emplace(std::string(named), new_place()).first->second;
}

const History::Place* History::find(std::string_view provider) const {
  const auto found = places_.find(provider);
  return found == places_.end() ? nullptr : &found->second;
}

const Ring& History::ring_of(const Place& place, Window window) {
  switch (shape_of(window).tier) {
    case Tier::second:
      return place.seconds;
    case Tier::minute:
      return place.minutes;
    case Tier::hour:
      break;
  }
  return place.hours;
}

void History::add(std::string_view provider, Series series, uint64_t count, WallTime at) {
  const auto add_to = [&](Place& place) {
    for (Ring* ring : place.all())
      if (Ring::Bucket* bucket = ring->at(at))
        bucket->counts[size_t(series)] += static_cast<uint32_t>(count);
  };
  add_to(place_of(all_mail));
  if (provider != all_mail) add_to(place_of(provider));
}

void History::look(std::string_view provider, uint64_t waiting, WallTime at) {
  for (Ring* ring : place_of(provider).all())
    if (Ring::Bucket* bucket = ring->at(at)) bucket->waiting = static_cast<int64_t>(waiting);
}

std::optional<History::Curves> History::curves(std::string_view provider, Window window,
                                               WallTime now) const {
  const Place* place = find(provider);
  if (!place) return std::nullopt;
  const Shape& shape = shape_of(window);
  const Ring& ring = ring_of(*place, window);
  const auto step = std::chrono::duration_cast<seconds>(ring.step()) * shape.buckets_a_point;
  // Whole steps, so that a curve that is read again a moment later has not moved.
  const int64_t last = floor_of(ring.index_of(now), shape.buckets_a_point);
  const int64_t first = last - shape.points + 1;
  Curves curves{step, WallTime(step * first), {}, {}};
  for (int64_t point = first; point <= last; ++point) {
    const bool is_known = WallTime(step * (point + 1)) > started_;
    Sums sums{};
    std::optional<uint64_t> waiting;
    for (int64_t i = 0; i < shape.buckets_a_point; ++i) {
      const Ring::Bucket* bucket = ring.at(point * shape.buckets_a_point + i);
      if (!bucket) continue;
      for (size_t s = 0; s < series_count; ++s) sums[s] += bucket->counts[s];
      if (bucket->waiting >= 0) waiting = static_cast<uint64_t>(bucket->waiting);
    }
    for (size_t s = 0; s < series_count; ++s)
      curves.counts[s].push_back(is_known ? std::optional(sums[s]) : std::nullopt);
    curves.waiting.push_back(waiting);
  }
  return curves;
}

Sums History::sums(std::string_view provider, Window window, WallTime now) const {
  Sums sums{};
  const Place* place = find(provider);
  if (!place) return sums;
  const Ring& ring = ring_of(*place, window);
  const int64_t last = ring.index_of(now);
  for (int64_t i = last - length_of(window) / ring.step() + 1; i <= last; ++i)
    if (const Ring::Bucket* bucket = ring.at(i))
      for (size_t s = 0; s < series_count; ++s) sums[s] += bucket->counts[s];
  return sums;
}

double History::tried_per_second(std::string_view provider, WallTime now) const {
  constexpr int64_t looked_at = 60;
  const Place* place = find(provider);
  if (!place) return 0;
  uint64_t tried = 0;
  const int64_t last = place->seconds.index_of(now);
  for (int64_t i = last - looked_at; i < last; ++i)
    if (const Ring::Bucket* bucket = place->seconds.at(i))
      for (Series series : {Series::delivered, Series::deferred, Series::bounced})
        tried += bucket->counts[size_t(series)];
  return double(tried) / double(looked_at);
}

std::vector<std::string> History::providers() const {
  std::vector<std::string> names;
  for (const auto& [name, place] : places_)
    if (name != all_mail) names.push_back(name);
  return names;
}

}  // namespace waypost::api
