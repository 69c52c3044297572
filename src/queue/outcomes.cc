#include <algorithm>
#include <utility>

#include "base/check.h"
#include "queue/queue.h"
#include "smtp/mentioned.h"

// What attempts and age make of recipients. Order is everything here: first the sender's notice is
// on stable storage, then what became of the recipient is written, then the event goes out. A crash
// in between repeats a notice; it loses none.
namespace waypost::queue {
namespace {

using events::EventKind;
using events::Outcome;
using events::Verdict;

// Of what they say; the event log, the spool and the memory hold it for each recipient that waits.
constexpr size_t last_reply_octets_max = 2000;

// When a whole domain turns out to be dead, or is waited for by many for long.
constexpr unsigned chores_at_once_max = 32;

// Not inside of a character.
std::string cut_short(std::string text) {
  size_t kept = std::min(text.size(), last_reply_octets_max);
  while (kept > 0 && kept < text.size() && (static_cast<unsigned char>(text[kept]) & 0xc0) == 0x80)
    --kept;
  text.resize(kept);
  return text;
}

RetryQuestion question_of(const Outcome& outcome, const Judgement& judgement) {
  RetryQuestion question;
  question.reply_class = judgement.reply_class;
  question.phase = outcome.phase;
  if (outcome.reply) question.enhanced = outcome.reply->enhanced;
  question.deferred = judgement.verdict == Verdict::deferred;
  question.concerns_site = outcome.concerns_site;
  question.named = judgement.wait;
  return question;
}

// What their server said to all of them at once, behind RCPT, does not tell who is meant.
bool answered_together(const std::vector<Outcome>& outcomes) {
  return std::count_if(outcomes.begin(), outcomes.end(), [](const Outcome& outcome) {
           return outcome.phase > events::Phase::rcpt;
         }) > 1;
}

// Never what is told for now, whatever the words are. Our own word is that of the name system.
bool is_final(const Outcome& outcome) {
  return outcome.reply ? outcome.reply->permanent() : outcome.phase == events::Phase::resolve;
}

}  // namespace

io::Task<void> Queue::settle(std::vector<Item> items, std::vector<Outcome> outcomes) {
  CHECK(outcomes.size() == items.size());
  std::vector<Decision> decisions;
  decisions.reserve(items.size());
  for (size_t i = 0; i < items.size(); ++i) decisions.push_back(judge(items[i], outcomes[i]));
  if (answered_together(outcomes))
    for (size_t i = 0; i < decisions.size(); ++i)
      decisions[i].condemns &= outcomes[i].phase <= events::Phase::rcpt;
  co_await conclude(std::move(decisions));
}

Queue::Decision Queue::judge(Item item, const Outcome& outcome) {
  RecipientState& state = item.state();
  ++state.attempts;
  state.last_reply = cut_short(outcome.text());
  state.last_host = outcome.peer.host;
  const auto envelope = item.message->envelope();
  const auto& sender = envelope->sender;
  Judgement judgement =
      judge_.judge(outcome, sender ? std::string_view(sender->domain) : "", item.domain());
  // A reply about another address, of a list's member or of one that was asked back for.
  if (smtp::mentions_another(outcome.text(), envelope->recipients[item.recipient].text()))
    judgement.cause.suppress = false;
  state.last_class = judgement.reply_class;
  RetryQuestion question = question_of(outcome, judgement);
  note_health(item, question);
  bool delivered = judgement.verdict == Verdict::delivered;
  Decision decision{item, event_about(item, delivered ? EventKind::delivered : EventKind::bounced),
                    true, std::nullopt};
  decision.event.peer = outcome.peer;
  decision.event.phase = outcome.phase;
  decision.event.took = outcome.took;
  decision.event.steps = outcome.steps;
  decision.event.transcript = outcome.transcript;
  decision.condemns = judgement.verdict == Verdict::bounced && judgement.cause.suppress &&
                      is_final(outcome) && !envelope->inbound;
  decision.event.cause = std::move(judgement.cause);
  if (judgement.verdict == Verdict::deferred) defer(question, decision);
  if (!decision.settles || (delivered && outcome.dsn_passed_on)) return decision;
  NoticeKind kind = delivered ? NoticeKind::relayed : NoticeKind::failed;
  if (wants_notice(*envelope, item.recipient, kind)) decision.notice = kind;
  return decision;
}

void Queue::defer(const RetryQuestion& question, Decision& decision) {
  RecipientState& state = decision.item.state();
  const Message& message = *decision.item.message;
  const Instant now = deps_.loop.now();
  const double uniform = deps_.loop.rng().uniform();
  state.due =
      now + (message.has_deadline ? retry_wait_before(settings_.retry, question, state.attempts,
                                                      uniform, message.expires_at - now)
                                  : retry_wait(settings_.retry, question, state.attempts, uniform));
  decision.settles = state.due >= message.expires_at;
  decision.event.kind = decision.settles ? EventKind::expired : EventKind::deferred;
  if (!decision.settles) decision.event.next_attempt_at = to_wall(state.due);
}

// Whoever names a provider's host beside their own cannot speak for the provider; nor can whoever
// names one that does not exist, where the provider gives each customer a name of its own.
bool Queue::speaks_for(const Site& site, const std::string& domain, const std::string& host,
                       const RetryQuestion& question, SiteMeasure measure) const {
  const shaping::SiteTable::Match theirs = settings_.sites.find(domain, {host, site.service});
  if (measure == SiteMeasure::slow || measure == SiteMeasure::stop) return theirs.site == site.name;
  const bool is_shared = !site.rule.empty() && site.service.empty();
  if (!is_shared) return true;
  return theirs.rule == site.rule && question.phase != events::Phase::resolve;
}

void Queue::note_health(Item item, const RetryQuestion& question) {
  Site* site = item.state().site;
  if (!site) return;
  const std::string& text = item.state().last_reply;
  const std::string& host = item.state().last_host;
  SiteMeasure measure = site_measure(question);
  if (!host.empty() && !speaks_for(*site, item.domain(), host, question, measure)) return;
  if (!host.empty()) {
    site->last_host = host;
    site->last_domain = item.domain();
  }
  if (measure == SiteMeasure::none && met_nobody(question.phase)) return;
  if (measure == SiteMeasure::none) return site->health.please(deps_.loop.now());
  site->health.complain(measure, {text, host, question.reply_class}, question.named,
                        settings_.retry, deps_.loop.now(), deps_.loop.rng().uniform());
}

io::Task<void> Queue::conclude(std::vector<Decision> decisions) {
  co_await tell_sender(decisions);
  co_await condemn(decisions);
  std::vector<Item> stay;
  for (const Decision& decision : decisions)
    if (!decision.settles) stay.push_back(decision.item);
  Record record = apply(decisions);
  co_await write_logged(std::move(record));
  for (Item item : stay) rest(item);
}

// Before it is written what became of them, so that a crash in between has them tried and condemned
// once more. A list that cannot be written is told as a problem and holds up nothing: the next
// refusal condemns the address.
io::Task<void> Queue::condemn(const std::vector<Decision>& decisions) {
  if (!deps_.suppressor) co_return;
  std::vector<Condemned> condemned;
  for (const Decision& decision : decisions)
    if (decision.condemns && decision.settles)
      condemned.push_back({decision.item.message->envelope(), decision.item.recipient,
                           decision.event.cause.reply_class, decision.event.reply,
                           decision.event.at});
  if (!condemned.empty()) co_await deps_.suppressor->condemn(std::move(condemned));
}

Queue::Decision Queue::suppressed(Item item, Suppressed suppressed) const {
  Decision decision{item, event_about(item, EventKind::suppressed), true, std::nullopt};
  decision.event.reply = std::move(suppressed.text);
  decision.event.cause.reply_class = std::move(suppressed.reason);
  decision.event.cause.suppress = true;
  if (wants_notice(*item.message->envelope(), item.recipient, NoticeKind::failed))
    decision.notice = NoticeKind::failed;
  return decision;
}

// One notice for all that failed together. The decisions live in the frame that awaits this.
io::Task<void> Queue::tell_sender(std::vector<Decision>& decisions) {
  for (NoticeKind kind : {NoticeKind::failed, NoticeKind::relayed}) {
    Notice notice;
    notice.kind = kind;
    for (const Decision& decision : decisions) {
      if (decision.notice != kind) continue;
      const events::Event& event = decision.event;
      notice.envelope = decision.item.message->envelope();
      notice.recipients.push_back({decision.item.recipient, event.reply,
                                   decision.item.state().last_host, event.cause,
                                   event.kind == EventKind::expired, event.attempt, event.at});
    }
    if (notice.recipients.empty()) continue;
    Result<void> told = co_await deps_.notifier.notify(std::move(notice));
    if (told) continue;
    bool worth_a_try = told.error().code() != ErrorCode::invalid_input;
    for (Decision& decision : decisions) {
      if (decision.notice != kind) continue;
      decision.event.reply += " (the sender could not be told: " + told.error().describe() + ")";
      // What was delivered must not be sent again, even if nobody learns that it was.
      if (kind == NoticeKind::failed && worth_a_try) postpone(decision);
    }
  }
}

// Whoever sent it must be told before we forget it.
void Queue::postpone(Decision& decision) {
  RecipientState& state = decision.item.state();
  state.due = deps_.loop.now() + settings_.retry.longest;
  decision.settles = false;
  decision.event.kind = EventKind::deferred;
  decision.event.next_attempt_at = to_wall(state.due);
}

Queue::Record Queue::apply(std::vector<Decision>& decisions) {
  Message& message = *decisions.front().item.message;
  Record record;
  record.envelope = message.envelope();
  for (Decision& decision : decisions) {
    if (decision.settles) mark_settled(decision.item, decision.event.kind);
    record.changes.push_back({decision.item.recipient, progress_of(decision.item)});
    record.events.push_back(std::move(decision.event));
  }
  record.done = message.unsettled == 0;
  if (record.done) forget(message);
  return record;
}

spool::RecipientProgress Queue::progress_of(Item item) const {
  const RecipientState& state = item.state();
  spool::RecipientProgress progress;
  progress.settled = state.place == Place::settled;
  progress.attempts = state.attempts;
  if (state.rescheduled) progress.scheduled_at = state.scheduled_at;
  if (progress.settled) return progress;
  progress.next_attempt_at = state.awaits_schedule ? state.scheduled_at : to_wall(state.due);
  progress.last_reply = state.last_reply.get();
  progress.last_host = state.last_host.get();
  progress.held = state.held;
  progress.delay_notified = state.delay_notified;
  return progress;
}

io::Task<Result<void>> Queue::write(Record record) {
  // A failure makes the spool unhealthy for good, which pump() and intake act on; what was not
  // recorded is tried again after the restart.
  Result<void> written;
  if (record.done)
    written = co_await deps_.spool.remove(*record.envelope, record.durability);
  else
    written = co_await deps_.spool.update(record.envelope->id, std::move(record.changes),
                                          record.durability);
  for (events::Event& event : record.events) {
    if (!written) event.reply += " (not recorded: " + written.error().describe() + ")";
    deps_.events.emit(std::move(event));
  }
  co_return written;
}

io::Task<void> Queue::write_logged(Record record) {
  Result<void> written = co_await write(std::move(record));
  static_cast<void>(written);  // the events say it
}

void Queue::end_soon(Ending ending) {
  do_soon([this, ending = std::move(ending)] { return end(ending); });
}

io::Task<void> Queue::end(Ending ending) {
  if (!ending.outcomes.empty())
    co_return co_await settle(std::move(ending.items), std::move(ending.outcomes));
  std::vector<Decision> decisions;
  for (size_t i = 0; i < ending.items.size(); ++i)
    decisions.push_back(ending.suppressed.empty()
                            ? expired(ending.items[i])
                            : suppressed(ending.items[i], std::move(ending.suppressed[i])));
  co_await conclude(std::move(decisions));
}

// What joins them ends together, with one notice. Neighbours of one message come one by one.
void Queue::end_with(Ending& neighbours, Item item) {
  bool fits = neighbours.items.empty() || (neighbours.items.front().message == item.message &&
                                           neighbours.items.size() < noticed_recipients_max);
  if (!fits) end_soon(std::exchange(neighbours, {}));
  put(item, Place::sending);
  neighbours.items.push_back(item);
}

void Queue::do_soon(Chore chore) {
  chores_.push_back(std::move(chore));
  if (at_chores_ >= chores_at_once_max) return;
  ++at_chores_;
  attempts_.start(do_chores());
}

io::Task<void> Queue::do_chores() {
  while (!chores_.empty()) {
    Chore chore = std::move(chores_.front());
    chores_.pop_front();
    co_await chore();
  }
  --at_chores_;
}

events::Event Queue::event_about(Item item, EventKind kind) const {
  const auto kept = item.message->envelope();
  const spool::Envelope& envelope = *kept;
  const RecipientState& state = item.state();
  events::Event event;
  event.kind = kind;
  event.at = deps_.loop.wall_now();
  event.message = envelope.id;
  event.tenant = envelope.tenant;
  event.stream = envelope.stream;
  event.tags = envelope.tags;
  event.metadata = envelope.metadata;
  event.inbound = envelope.inbound;
  event.sender = envelope.sender ? envelope.sender->text() : "";
  event.recipients = {envelope.recipients[item.recipient].text()};
  event.attempt = state.attempts;
  event.site = state.site ? state.site->name : "";
  event.reply = last_word_on(item);
  event.since_accepted = event.at - envelope.accepted_at;
  return event;
}

// What was said of it last, or why nobody was asked.
std::string Queue::last_word_on(Item item) const {
  const RecipientState& state = item.state();
  if (state.held && state.last_reply.get().empty()) return item.message->envelope()->held_because;
  return state.last_reply.get();
}

}  // namespace waypost::queue
