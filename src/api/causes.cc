#include "api/causes.h"

#include <algorithm>

#include "records/search.h"

namespace waypost::api {
namespace {

using events::EventKind;

constexpr size_t minutes_kept = 61;
constexpr size_t hours_kept = 30 * 24 + 1;
constexpr size_t reply_octets_max = 1000;

}  // namespace

Causes::Entry* Causes::entry_of(const std::string& cause, const std::string& provider) {
  auto found = entries_.find({cause, provider});
  if (found != entries_.end()) return &found->second;
  const std::string others(History::other_provider);
  const bool has_room = entries_.size() < entries_max;
  if (!has_room && provider != others) return entry_of(cause, others);
  // Classes are few: each has its place for the others.
  if (!has_room && entries_.size() >= 2 * entries_max) return nullptr;
  CauseCount none;
  none.cause = cause;
  none.provider = provider;
  Entry entry{Ring(std::chrono::minutes(1), minutes_kept), Ring(std::chrono::hours(1), hours_kept),
              std::move(none)};
  return &entries_.emplace(Place{cause, provider}, std::move(entry)).first->second;
}

void Causes::heard(const events::Event& event) {
  // One of what was not counted as delivered is no news.
  const bool is_late_bounce = event.kind == EventKind::late_bounced && event.delivered_at;
  const bool is_bounce =
      event.kind == EventKind::bounced || event.kind == EventKind::expired || is_late_bounce;
  if (!is_bounce && event.kind != EventKind::deferred) return;
  count(event.cause.reply_class.empty() ? "unknown" : event.cause.reply_class,
        is_bounce ? Series::bounced : Series::deferred, event);
}

std::string Causes::provider_of(const events::Event& event) {
  return event.site.empty() ? std::string(records::no_site) : event.site;
}

void Causes::count(const std::string& cause, Series series, const events::Event& event) {
  Entry* entry = entry_of(cause, provider_of(event));
  if (!entry) return;
  const auto recipients = static_cast<uint32_t>(std::max<size_t>(event.recipients.size(), 1));
  for (Ring* ring : {&entry->minutes, &entry->hours})
    if (Ring::Bucket* bucket = ring->at(event.at)) bucket->counts[size_t(series)] += recipients;
  CauseCount& newest = entry->newest;
  if (newest.first_seen == WallTime()) newest.first_seen = event.at;
  newest.last_seen = event.at;
  if (event.message) newest.message = event.message->text();
  if (!event.recipients.empty()) newest.recipient = event.recipients.front();
  newest.reply = event.reply.substr(0, reply_octets_max);
  newest.host = event.peer.host;
}

void Causes::forget_after(WallTime time) {
  for (auto& [place, entry] : entries_)
    for (Ring* ring : {&entry.minutes, &entry.hours}) ring->forget_after(time);
}

std::vector<CauseCount> Causes::in(Window window, WallTime now) const {
  std::vector<CauseCount> found;
  for (const auto& [place, entry] : entries_) {
    const Ring& ring = window == Window::hour ? entry.minutes : entry.hours;
    CauseCount count = entry.newest;
    const int64_t last = ring.index_of(now);
    for (int64_t i = last - length_of(window) / ring.step() + 1; i <= last; ++i)
      if (const Ring::Bucket* bucket = ring.at(i)) {
        count.deferred += bucket->counts[size_t(Series::deferred)];
        count.bounced += bucket->counts[size_t(Series::bounced)];
      }
    if (count.deferred + count.bounced > 0) found.push_back(std::move(count));
  }
  return found;
}

}  // namespace waypost::api
