#include <algorithm>
#include <utility>

#include "queue/asked_time.h"
#include "queue/queue.h"

// What people do with what waits.
namespace waypost::queue {
namespace {

using events::EventKind;

// Recipients that are gone through before other work gets its turn.
constexpr size_t slice_recipients = 1000;

EventKind event_of(Act act) {
  switch (act) {
    case Act::hold:
      return EventKind::held;
    case Act::release:
      return EventKind::released;
    case Act::reschedule:
    case Act::cancel:
    case Act::retry:
      break;
  }
  return EventKind::cancelled;
}

// Whether it would change anything.
bool applies(Act act, const RecipientState& state) {
  switch (act) {
    case Act::hold:
      return !state.held;
    case Act::release:
      return state.held;
    case Act::retry:
      return state.place == Place::deferred || state.place == Place::ready ||
             state.place == Place::scheduled;
    case Act::cancel:
    case Act::reschedule:
      return true;
  }
  return false;
}

// Whoever wants all of a domain tried again does not mean what somebody wants sent another day:
// that has to be named.
bool means_scheduled(const Selector& selector) {
  return !selector.ids.empty() || !selector.recipient.empty() || selector.hold.has_value();
}

}  // namespace

io::Task<Result<Tally>> Queue::act(Command command) {
  if (command.act == Act::reschedule) {
    const WallTime now = deps_.loop.wall_now();
    const Result<WallTime> waits_for = time_to_wait_for(command.at, now);
    if (!waits_for)
      co_return failure(ErrorCode::invalid_input, "the time " + waits_for.error().message());
    if (*waits_for == WallTime()) command.at = now;
  }
  Doing doing{std::move(command), {}, {}, {}, {}, {}};
  Selector& selector = doing.command.selector;
  std::sort(selector.ids.begin(), selector.ids.end());
  std::optional<MessageId> last;
  while (true) {
    size_t seen = 0;
    Message* message = next_selected(selector, last);
    while (message && seen < slice_recipients) {
      last = message->id;
      seen += message->recipients.size();
      act_on(*message, doing);
      message = next_selected(selector, last);
    }
    Result<void> written;
    io::TaskGroup writes;
    for (Record& record : std::exchange(doing.records, {})) {
      // A power cut behind the answer must not send what a person has cancelled, held or put off.
      record.durability = spool::Durability::before_answer;
      writes.start(write_noting(std::move(record), written));
    }
    // Behind the writes, since what goes now may be settled and removed at any moment.
    find_sites(std::exchange(doing.go, {}));
    co_await writes.join();
    if (!written) co_return failure(std::move(written).error());
    if (!message) break;
    co_await io::sleep_until(deps_.loop, deps_.loop.now());
  }
  open_sites(doing.retried_sites);
  // Who is told that it is done finds it in the records, whatever happens to us next.
  const bool did_something = doing.tally.recipients > 0 && !doing.command.dry_run;
  if (did_something && deps_.events_kept) co_await deps_.events_kept();
  co_return doing.tally;
}

// Behind the whole command: what waits because its site is shut must still be found as such.
void Queue::open_sites(const std::set<std::string>& names) {
  for (const std::string& name : names) {
    auto site = sites_.find(name);
    if (site == sites_.end()) continue;
    site->second->health.open();
    pump(*site->second);
  }
}

Message* Queue::next_selected(const Selector& selector, const std::optional<MessageId>& after) {
  if (selector.ids.empty()) return messages_.first_after(after);
  auto id = after ? std::upper_bound(selector.ids.begin(), selector.ids.end(), *after)
                  : selector.ids.begin();
  for (; id != selector.ids.end(); ++id)
    if (Message* found = messages_.find(*id)) return found;
  return nullptr;
}

io::Task<void> Queue::write_noting(Record record, Result<void>& written) {
  Result<void> result = co_await write(std::move(record));
  if (!result) written = std::move(result);
}

void Queue::act_on(Message& message, Doing& doing) {
  const Command& command = doing.command;
  std::vector<Decision> decisions;
  uint64_t changed = 0;
  auto count = static_cast<uint32_t>(message.recipients.size());
  for (uint32_t i = 0; i < count; ++i) {
    Item item{&message, i};
    const RecipientState& state = item.state();
    if (state.place == Place::settled) continue;
    if (!command.selector.matches(standing_of(item), deps_.loop.wall_now())) continue;
    if (command.act == Act::retry && state.awaits_schedule && !means_scheduled(command.selector))
      continue;
    // It would only lose the time that it waits for.
    if (command.act == Act::retry && !state.held && state.place != Place::sending &&
        pause_of(item)) {
      ++doing.tally.paused;
      continue;
    }
    const bool waits_only = command.act != Act::hold && command.act != Act::release;
    bool too_late = state.place == Place::sending && waits_only;
    if (too_late) ++doing.tally.sending;
    if (too_late || !applies(command.act, state)) continue;
    ++changed;
    if (!command.dry_run) change(item, decisions, doing);
  }
  doing.tally.recipients += changed;
  if (changed > 0) ++doing.tally.messages;
  if (!decisions.empty()) doing.records.push_back(apply(decisions));
  go_by_schedule(message, doing);
}

void Queue::change(Item item, std::vector<Decision>& decisions, Doing& doing) {
  const Command& command = doing.command;
  RecipientState& state = item.state();
  bool waits = state.place != Place::sending;
  if (command.act == Act::retry) {
    if (state.site) doing.retried_sites.insert(state.site->name);
    if (state.awaits_schedule) return reschedule(item, deps_.loop.wall_now(), decisions, doing);
    take_out(item);
    state.due = deps_.loop.now();
    return doing.go.push_back(item);
  }
  if (command.act == Act::reschedule) return reschedule(item, command.at, decisions, doing);
  Decision decision{item, event_about(item, event_of(command.act)), false, std::nullopt};
  decision.event.reply = command.reason;
  decision.settles = command.act == Act::cancel;
  if (command.act == Act::cancel || (command.act == Act::hold && waits)) take_out(item);
  if (command.act == Act::hold) {
    state.held = true;
    if (waits) put(item, Place::held);
  } else if (command.act == Act::release) {
    state.held = false;
    if (state.place == Place::held) rest(item);
  }
  decisions.push_back(std::move(decision));
}

// ---- pauses

void Queue::pause(Pause pause) {
  std::erase_if(pauses_, [&](const Pause& old) { return old.scope == pause.scope; });
  pauses_.push_back(std::move(pause));
  // In the order in which they came to their sites, so that neighbours stay together.
  for (auto& [name, site] : sites_) {
    for (Item item : site->ready.all()) {
      if (!pause_of(item)) continue;
      take_out(item);
      put(item, Place::paused);
      item.state().order = ++next_order_;
      paused_.emplace(item.state().order, item);
    }
  }
  end_pauses();
}

bool Queue::resume(const Scope& scope) {
  bool found = std::erase_if(pauses_, [&](const Pause& one) { return one.scope == scope; }) > 0;
  if (found) attempts_.start(let_go());
  return found;
}

const Pause* Queue::pause_of(Item item) const {
  const RecipientState& state = item.state();
  for (const Pause& pause : pauses_)
    if (pause.scope.covers(*item.message->envelope(), item.domain(),
                           state.site ? state.site->name : ""))
      return &pause;
  return nullptr;
}

// What another pause covers comes straight back, behind those that were there before.
io::Task<void> Queue::let_go() {
  const uint64_t last = next_order_;
  while (!stopping_ && !paused_.empty() && paused_.begin()->first <= last) {
    std::vector<Item> items;
    while (items.size() < slice_recipients && !paused_.empty() && paused_.begin()->first <= last) {
      items.push_back(paused_.begin()->second);
      take_out(items.back());
    }
    find_sites(items);
    co_await io::sleep_until(deps_.loop, deps_.loop.now());
  }
}

void Queue::end_pauses() {
  WallTime now = deps_.loop.wall_now();
  size_t ended = std::erase_if(
      pauses_, [&](const Pause& pause) { return pause.until && *pause.until <= now; });
  std::optional<WallTime> next;
  for (const Pause& pause : pauses_)
    if (pause.until) next = next ? std::min(*next, *pause.until) : *pause.until;
  if (next) pause_timer_.start(to_instant(*next), [this] { end_pauses(); });
  if (ended > 0) attempts_.start(let_go());
}

// ---- limits

void Queue::limit(AskedLimit limit) {
  const std::string site = limit.site;
  asked_limits_.insert_or_assign(site, std::move(limit));
  renew_limits(site);
  end_limits();
}

bool Queue::lift_limit(const std::string& site) {
  const bool found = asked_limits_.erase(site) > 0;
  if (found) renew_limits(site);
  return found;
}

// What waits for the limits of before need not wait any longer.
void Queue::renew_limits(const std::string& name) {
  const auto found = sites_.find(name);
  if (found == sites_.end()) return;
  Site& site = *found->second;
  give_limits(site, settings_.sites.limits_of(site.rule, site.name));
  pump(site);
}

void Queue::end_limits() {
  const WallTime now = deps_.loop.wall_now();
  std::vector<std::string> ended;
  std::optional<WallTime> next;
  for (const auto& [site, limit] : asked_limits_) {
    if (limit.until <= now)
      ended.push_back(site);
    else
      next = next ? std::min(*next, limit.until) : limit.until;
  }
  for (const std::string& site : ended) lift_limit(site);
  if (next) limit_timer_.start(to_instant(*next), [this] { end_limits(); });
}

}  // namespace waypost::queue
