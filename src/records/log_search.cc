#include "records/log_search.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/ascii.h"
#include "events/direction.h"
#include "records/day_file.h"
#include "records/subject_words.h"

namespace waypost::records {
namespace {

using events::Event;

// Ids that met some condition, in a log that no file of records covers: 1 M of them are 64 MB.
constexpr size_t candidates_max = 1'000'000;
constexpr size_t times_max = 100'000;

std::string_view domain_of(std::string_view address) {
  return address.substr(address.rfind('@') + 1);
}

bool has_domain(const Event& event, const std::string& domain) {
  return std::any_of(event.recipients.begin(), event.recipients.end(), [&](std::string_view to) {
    return base::equals_ignoring_case(domain_of(to), domain);
  });
}

bool has_tag(const Event& event, const std::string& wanted) {
  return std::any_of(event.tags.begin(), event.tags.end(), [&](std::string_view tag) {
    return tag == wanted || tag.substr(0, tag.find('=')) == wanted;
  });
}

// Only the acceptance tells it.
bool has_subject(const Event& event, const std::string& wanted) {
  const bool is_told = event.kind == events::EventKind::accepted;
  return is_told && has_words(subject_words(event.subject), sought_words(wanted));
}

bool has_prefix(const Event& event, const std::string& prefix) {
  return std::any_of(event.recipients.begin(), event.recipients.end(), [&](std::string_view to) {
    return base::starts_with_ignoring_case(to, prefix);
  });
}

// Whether it left its recipients in that state, which a later one may have changed.
bool leads_to(const Event& event, const std::string& state) {
  const bool is_open =
      event.kind == events::EventKind::accepted || event.kind == events::EventKind::deferred;
  if (is_open) return state == state_queued;
  const bool is_late = event.kind == events::EventKind::late_bounced;
  return events::name(is_late ? events::EventKind::bounced : event.kind) == state;
}

// What an attempt, or the end of all attempts, came to; only of these no site means that there is
// none.
bool ends_or_waits(events::EventKind kind) {
  return kind == events::EventKind::deferred || kind == events::EventKind::bounced ||
         kind == events::EventKind::expired;
}

// Whether the event tells all that is asked of one.
bool tells(const Event& event, const Search& search) {
  if (!search.reply_class.empty() && event.cause.reply_class != search.reply_class) return false;
  const auto is_kind = [&](const std::string& kind) { return kind == events::name(event.kind); };
  if (!search.kinds.empty() && std::none_of(search.kinds.begin(), search.kinds.end(), is_kind))
    return false;
  if (search.happened_since && event.at < *search.happened_since) return false;
  return search.site.empty() || event.site == search.site ||
         (event.site.empty() && search.site == no_site && ends_or_waits(event.kind));
}

// The conditions of a search as bits: those that are asked for, and those that an event meets.
// What only the acceptance tells and what only an outcome tells come together over the message.
struct Conditions {
  unsigned wanted = 0;
  unsigned met = 0;

  void add(unsigned bit, bool is_wanted, bool is_met) {
    if (is_wanted) wanted |= bit;
    if (is_wanted && is_met) met |= bit;
  }
};

Conditions conditions_of(const Search& search, const Event& event, WallTime at) {
  Conditions found;
  found.add(1, search.message.has_value(), event.message == search.message);
  found.add(2, !search.address.empty(), concerns(event, search));
  found.add(4, !search.message_id.empty(), event.message_id == search.message_id);
  found.add(8, !search.session.empty(), event.session == search.session);
  found.add(16, !search.domain.empty(), has_domain(event, search.domain));
  found.add(32, !search.reply_class.empty() || asks_for_one_event(search), tells(event, search));
  found.add(64, !search.host.empty(), event.peer.host == search.host);
  found.add(128, search.since.has_value(), search.since && at >= *search.since);
  found.add(256, search.until.has_value(), search.until && at < *search.until);
  found.add(512, !search.address_prefix.empty(), has_prefix(event, search.address_prefix));
  found.add(1024, !search.state.empty(), leads_to(event, search.state));
  found.add(32768, !search.states.empty(),
            std::any_of(search.states.begin(), search.states.end(),
                        [&](const std::string& state) { return leads_to(event, state); }));
  found.add(65536, !search.came_back.empty(), events::name(event.kind) == search.came_back);
  found.add(2048, search.tenant.has_value(), event.tenant == search.tenant);
  found.add(4096, search.before.has_value(),
            search.before &&
                std::tie(at, event.message) < std::tie(search.before->at, search.before->id));
  found.add(131072, !search.direction.empty(),
            events::name(events::direction_of(event)) == search.direction);
  found.add(1 << 18, !search.sender.empty(),
            base::equals_ignoring_case(event.sender, search.sender));
  found.add(1 << 19, !search.sender_domain.empty(),
            base::equals_ignoring_case(domain_of(event.sender), search.sender_domain));
  found.add(1 << 20, !search.tag.empty(), has_tag(event, search.tag));
  found.add(1 << 21, !search.subject.empty(), has_subject(event, search.subject));
  found.add(8192, search.with_id, event.message.has_value());
  found.add(16384, !search.ids.empty(),
            std::find(search.ids.begin(), search.ids.end(), event.message) != search.ids.end());
  return found;
}

class LogSearcher {
 public:
  LogSearcher(io::Disk& disk, const std::string& folder, const Search& wanted,
              const LogBounds& bounds, const std::set<MessageId>& known)
      : disk_(disk), folder_(folder), wanted_(wanted), bounds_(bounds), chosen_(known) {
    filter_.message = wanted.message;
    filter_.address = wanted.address;
    filter_.since = wanted.since;
    filter_.from = bounds.from;
  }

  Result<LogFound> run();

 private:
  // A message that met some condition, and when it was accepted: to the millisecond, until the
  // event says more.
  struct Candidate {
    unsigned met = 0;
    WallTime at;
  };

  void choose(Event&& event);
  WallTime time_of(const Event& event) const;
  void note_time(const Event& event);
  Candidate& candidate_of(const Event& event);
  void collect(Event&& event, std::map<MessageId, size_t>& places);
  Result<EventsRead> read(const std::function<void(Event&&)>& found);

  io::Disk& disk_;
  const std::string& folder_;
  const Search& wanted_;
  const LogBounds& bounds_;
  EventFilter filter_;
  std::map<MessageId, Candidate> candidates_;
  std::map<MessageId, WallTime> times_;               // of those that met none
  std::set<std::pair<WallTime, MessageId>> matched_;  // the newest
  std::set<MessageId> chosen_;
  LogFound found_;
};

Result<LogFound> LogSearcher::run() {
  TRY(found_.read, read([&](Event&& event) { choose(std::move(event)); }));
  for (const auto& [at, id] : matched_) chosen_.insert(id);
  if (chosen_.empty()) return std::move(found_);
  std::map<MessageId, size_t> places;
  TRY_VOID(read([&](Event&& event) { collect(std::move(event), places); }));
  return std::move(found_);
}

Result<EventsRead> LogSearcher::read(const std::function<void(Event&&)>& found) {
  return read_placed_events(disk_, folder_, filter_, [&](Event&& event, const LogPosition& at) {
    if (!bounds_.holds(day_of(event), at)) found(std::move(event));
    return true;
  });
}

// The newest that match, one more than wanted so that it can be told that there are more.
void LogSearcher::choose(Event&& event) {
  if (!events::is_about_mail(event.kind)) return;
  if (!event.message) {
    const Conditions conditions = conditions_of(wanted_, event, event.at);
    if (conditions.met != conditions.wanted) return;
    if (found_.messages.size() > 2 * wanted_.messages_max)
      found_.messages.erase(found_.messages.begin(),
                            found_.messages.end() - static_cast<ptrdiff_t>(wanted_.messages_max));
    found_.messages.emplace_back();
    found_.messages.back().events.push_back(std::move(event));
    return;
  }
  const Conditions conditions = conditions_of(wanted_, event, time_of(event));
  if (conditions.wanted != 0 && conditions.met == 0) return note_time(event);
  Candidate& candidate = candidate_of(event);
  candidate.met |= conditions.met;
  if (candidate.met == conditions.wanted) matched_.emplace(candidate.at, *event.message);
  if (matched_.size() > wanted_.messages_max + 1) matched_.erase(matched_.begin());
  if (candidates_.size() > candidates_max) candidates_.erase(candidates_.begin());
}

WallTime LogSearcher::time_of(const Event& event) const {
  if (event.kind == events::EventKind::accepted) return event.at;
  if (const auto known = candidates_.find(*event.message); known != candidates_.end())
    return known->second.at;
  const auto noted = times_.find(*event.message);
  return noted == times_.end() ? event.message->accepted_at() : noted->second;
}

// Of one that meets nothing yet: what comes later may, and the order of pages goes by this.
void LogSearcher::note_time(const Event& event) {
  if (event.kind != events::EventKind::accepted) return;
  times_[*event.message] = event.at;
  if (times_.size() > times_max) times_.erase(times_.begin());
}

LogSearcher::Candidate& LogSearcher::candidate_of(const Event& event) {
  const WallTime at = time_of(event);
  Candidate& candidate = candidates_.try_emplace(*event.message, Candidate{0, at}).first->second;
  if (candidate.at != at) matched_.erase({candidate.at, *event.message});
  candidate.at = at;
  return candidate;
}

void LogSearcher::collect(Event&& event, std::map<MessageId, size_t>& places) {
  if (!event.message || !chosen_.contains(*event.message)) return;
  if (!wanted_.address.empty() && !concerns(event, wanted_)) return;
  auto [place, is_new] = places.try_emplace(*event.message, found_.messages.size());
  if (is_new) found_.messages.push_back({.id = *event.message});
  found_.messages[place->second].events.push_back(std::move(event));
}

}  // namespace

bool LogBounds::holds(Day day, const LogPosition& at) const {
  if (at < from) return true;
  auto end = ends.find(day);
  return end != ends.end() && at < end->second;
}

Result<LogFound> search_log(io::Disk& disk, const std::string& events_folder, const Search& wanted,
                            const LogBounds& bounds, const std::set<MessageId>& known) {
  return LogSearcher(disk, events_folder, wanted, bounds, known).run();
}

bool concerns(const Event& event, const Search& wanted) {
  if (wanted.address.empty()) return true;
  auto is_address = [&](const std::string& address) {
    return base::equals_ignoring_case(address, wanted.address);
  };
  return is_address(event.sender) ||
         std::any_of(event.recipients.begin(), event.recipients.end(), is_address);
}

}  // namespace waypost::records
