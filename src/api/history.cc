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

void Ring::visit(const std::function<void(int64_t index, const Bucket&)>& visit) const {
  const auto size = static_cast<int64_t>(buckets_max_);
  for (int64_t index = newest_ - size + 1; index <= newest_; ++index) {
    const Bucket* bucket = at(index);
    if (bucket && (bucket->waiting >= 0 ||
                   *std::max_element(bucket->counts.begin(), bucket->counts.end()) > 0))
      visit(index, *bucket);
  }
}

void Ring::forget_after(WallTime time) {
  const int64_t index = std::max<int64_t>(index_of(time), 0);
  const auto size = static_cast<int64_t>(buckets_max_);
  if (buckets_.empty() || index >= newest_) return;
  oldest_ = std::max(oldest_, std::min(newest_ - size + 1, index));
  for (int64_t later = std::max(index + 1, newest_ - size + 1); later <= newest_; ++later)
    buckets_[size_t(later % size)] = Bucket();
  newest_ = index;
}

History::History(WallTime started) : spans_{{started, WallTime::max()}} {
  places_.emplace(all_mail, new_place());
}

void History::restore(const std::vector<Span>& spans, WallTime now) {
  const size_t kept = std::min(spans.size(), spans_max - 1);
  spans_.insert(spans_.begin(), spans.end() - ptrdiff_t(kept), spans.end());
  if (!spans.empty() && spans.back().to > now) clock_was_set(spans.back().to, now);
}

void History::clock_was_set(WallTime last, WallTime now) {
  spans_.back().to = last;
  if (now < last)
    for (auto& [name, place] : places_)
      for (Ring* ring : place.all()) ring->forget_after(now);
  for (Span& span : spans_) span.to = std::min(span.to, now);
  std::erase_if(spans_, [](const Span& span) { return span.from >= span.to; });
  spans_.push_back({now, WallTime::max()});
  if (spans_.size() > spans_max) spans_.erase(spans_.begin());
}

std::vector<History::Span> History::spans(WallTime now) const {
  std::vector<Span> ended = spans_;
  ended.back().to = std::max(ended.back().from, now);
  return ended;
}

std::array<const Ring*, 3> History::rings(std::string_view name) const {
  const Place* place = find(name);
  if (!place) return {};
  return {&place->seconds, &place->minutes, &place->hours};
}

std::array<Ring*, 3> History::rings_to_fill(std::string_view name) {
  if (!find(name) && !has_room(name)) return {};
  return place_of(name).all();
}

bool History::is_known(WallTime from, WallTime to) const {
  return std::any_of(spans_.begin(), spans_.end(),
                     [&](const Span& span) { return span.from < to && span.to > from; });
}

History::Place History::new_place() {
  return {Ring(seconds(1), seconds_kept), Ring(minutes(1), minutes_kept),
          Ring(hours(1), hours_kept)};
}

History::Place& History::place_of(std::string_view provider) {
  auto found = places_.find(provider);
  if (found != places_.end()) return found->second;
  const std::string_view named = has_room(provider) ? provider : other_provider;
  return places_.try_emplace(std::string(named), new_place()).first->second;
}

// For one more name, which may be that of a provider.
bool History::has_room(std::string_view name) const {
  if (is_apart(name) || name == other_provider) return true;
  const auto providers = std::count_if(places_.begin(), places_.end(), [](const auto& place) {
    return place.first != all_mail && place.first != other_provider && !is_apart(place.first);
  });
  return size_t(providers) < providers_max;
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
  add_to(place_of(all_mail), series, count, at);
  if (provider != all_mail) add_to(place_of(provider), series, count, at);
}

void History::add_apart(std::string_view name, Series series, uint64_t count, WallTime at) {
  add_to(place_of(name), series, count, at);
}

void History::add_to(Place& place, Series series, uint64_t count, WallTime at) {
  for (Ring* ring : place.all())
    if (Ring::Bucket* bucket = ring->at(at))
      bucket->counts[size_t(series)] += static_cast<uint32_t>(count);
}

void History::move(std::string_view provider, const Change& change, uint64_t count) {
  const auto take_from = [&](Place& place) {
    for (Ring* ring : place.all()) {
      if (!ring->at(ring->index_of(change.counted_at))) continue;
      uint32_t& counted = ring->at(change.counted_at)->counts[size_t(change.from)];
      counted -= static_cast<uint32_t>(std::min<uint64_t>(counted, count));
    }
  };
  take_from(place_of(all_mail));
  if (provider != all_mail) take_from(place_of(provider));
  add(provider, change.to, count, change.at);
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
    const bool is_counted = is_known(WallTime(step * point), WallTime(step * (point + 1))) &&
                            (point + 1) * shape.buckets_a_point > ring.oldest();
    Sums sums{};
    std::optional<uint64_t> waiting;
    for (int64_t i = 0; i < shape.buckets_a_point; ++i) {
      const Ring::Bucket* bucket = ring.at(point * shape.buckets_a_point + i);
      if (!bucket) continue;
      for (size_t s = 0; s < series_count; ++s) sums[s] += bucket->counts[s];
      if (bucket->waiting >= 0) waiting = static_cast<uint64_t>(bucket->waiting);
    }
    for (size_t s = 0; s < series_count; ++s)
      curves.counts[s].push_back(is_counted ? std::optional(sums[s]) : std::nullopt);
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

std::vector<std::string> History::names() const {
  std::vector<std::string> names;
  for (const auto& [name, place] : places_) names.push_back(name);
  return names;
}

std::vector<std::string> History::providers() const {
  std::vector<std::string> names;
  for (const auto& [name, place] : places_)
    if (name != all_mail && !is_apart(name)) names.push_back(name);
  return names;
}

}  // namespace waypost::api
