#include "tests/sim/invariants.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "spool/spool.h"

namespace waypost::sim {
namespace {

using events::EventKind;

using RecipientKey = std::pair<MessageId, std::string>;

struct RecipientStory {
  std::string token;
  std::string sender;
  bool accepted = false;
  std::vector<const SeenEvent*> settled;
  bool queued = false;
};

bool settles(EventKind kind) {
  return kind == EventKind::delivered || kind == EventKind::bounced || kind == EventKind::expired ||
         kind == EventKind::cancelled || kind == EventKind::suppressed;
}

std::map<RecipientKey, RecipientStory> stories_of(const Ledger& ledger,
                                                  const std::vector<Queued>& queued) {
  std::map<RecipientKey, RecipientStory> stories;
  for (const SeenEvent& seen : ledger.events()) {
    const events::Event& event = seen.event;
    if (!event.message) continue;
    for (const std::string& recipient : event.recipients) {
      RecipientStory& story = stories[{*event.message, recipient}];
      if (event.kind == EventKind::accepted) {
        story.accepted = true;
        story.token = token_of(event.message_id);
        story.sender = event.sender;
      } else if (settles(event.kind)) {
        story.settled.push_back(&seen);
      }
    }
  }
  for (const Queued& waiting : queued) stories[{waiting.message, waiting.recipient}].queued = true;
  return stories;
}

bool killed_between(const Ledger& ledger, Instant from, Instant to) {
  return std::any_of(ledger.kills().begin(), ledger.kills().end(),
                     [&](const Kill& kill) { return kill.at >= from && kill.at <= to; });
}

std::string who(const RecipientKey& key, const RecipientStory& story) {
  return fmt::format("message {} ({}) for {}", key.first.text(), story.token, key.second);
}

void check_acknowledged(const Ledger& ledger, Breaches& out) {
  std::set<std::string> accepted;
  for (const SeenEvent& seen : ledger.events()) {
    if (seen.event.kind != EventKind::accepted) continue;
    std::string token = token_of(seen.event.message_id);
    for (const std::string& recipient : seen.event.recipients)
      accepted.insert(token + " " + recipient);
  }
  for (const Submission& submission : ledger.submissions()) {
    if (submission.fate != Fate::acknowledged) continue;
    for (const std::string& recipient : submission.recipients)
      if (!accepted.contains(submission.token + " " + recipient))
        out.push_back(fmt::format("{} for {} was acknowledged without an accepted event",
                                  submission.token, recipient));
  }
}

void check_story(const Ledger& ledger, const RecipientKey& key, const RecipientStory& story,
                 Breaches& out) {
  if (!story.accepted && ledger.kills().empty())
    out.push_back(who(key, story) + " was never accepted, and yet it is queued or settled");
  if (story.settled.empty() && !story.queued)
    out.push_back(who(key, story) + " is lost: neither settled nor queued");
  if (!story.settled.empty() && story.queued &&
      !killed_between(ledger, story.settled.back()->at, Instant::max()))
    out.push_back(who(key, story) + " is settled and still queued");
  for (size_t index = 1; index < story.settled.size(); ++index) {
    const SeenEvent& first = *story.settled[index - 1];
    const SeenEvent& second = *story.settled[index];
    if (!killed_between(ledger, first.at, second.at))
      out.push_back(fmt::format("{} was {} and then {}", who(key, story), name(first.event.kind),
                                name(second.event.kind)));
  }
}

void check_verdicts(const Ledger& ledger, const std::map<RecipientKey, RecipientStory>& stories,
                    Breaches& out) {
  std::set<std::string> answered;
  for (const Arrival& arrival : ledger.arrivals())
    if (arrival.answered) answered.insert(arrival.token + " " + arrival.recipient);
  for (const auto& [key, story] : stories) {
    for (const SeenEvent* seen : story.settled) {
      bool known = !story.token.empty();
      if (known && seen->event.kind == EventKind::delivered &&
          !answered.contains(story.token + " " + key.second))
        out.push_back(who(key, story) + " is called delivered, but no server said 250");
      if (seen->event.kind == EventKind::bounced &&
          !ledger.recipients_refused_for_good().contains(key.second))
        out.push_back(who(key, story) + " is called bounced, but no server refused it for good");
    }
  }
}

// Two arrivals, one after the other, of one message for one recipient.
struct Duplicate {
  const Arrival* first;
  const Arrival* second;
  bool excused = false;
};

std::vector<Duplicate> duplicates_of(const Ledger& ledger) {
  std::map<std::string, const Arrival*> last;
  std::vector<Duplicate> duplicates;
  for (const Arrival& arrival : ledger.arrivals()) {
    const Arrival*& before = last[arrival.token + " " + arrival.recipient];
    if (before) duplicates.push_back({before, &arrival});
    before = &arrival;
  }
  return duplicates;
}

void excuse(const Kill& kill, std::vector<Duplicate>& duplicates) {
  std::set<uint64_t> transactions;
  for (Duplicate& duplicate : duplicates) {
    const Arrival& first = *duplicate.first;
    bool between = first.at <= kill.at && kill.at <= duplicate.second->at;
    // What the dead process had sent may arrive behind what the next one sends; nobody reads the
    // 250.
    bool overtaken = kill.at < first.at && !duplicate.second->confirmed;
    if (duplicate.excused || !(between || overtaken)) continue;
    bool unsynced =
        kill.power_cut && kill.at - first.at <= spool::update_sync_delay_max + outcome_way_max;
    if (!unsynced && !transactions.contains(first.transaction)) {
      if (transactions.size() == kill.connections) continue;
      transactions.insert(first.transaction);
    }
    duplicate.excused = true;
  }
}

void check_rate(const Ledger& ledger, const std::string& site, const SiteLimit& limit,
                Breaches& out) {
  auto began = ledger.transactions_began().find(site);
  if (limit.messages_per_second <= 0 || began == ledger.transactions_began().end()) return;
  double jitter = std::chrono::duration<double>(limit.jitter).count();
  double level = limit.burst;
  Instant last = began->second.front();
  auto kill = ledger.kills().begin();
  for (Instant at : began->second) {
    level += std::chrono::duration<double>(at - last).count() * limit.messages_per_second;
    level = std::min(level, limit.burst);
    for (; kill != ledger.kills().end() && kill->at <= at; ++kill) level = limit.burst;
    level -= 1;
    last = at;
    if (level >= -(limit.messages_per_second * jitter) - 1e-6) continue;
    out.push_back(
        fmt::format("site {} got more than {} messages a second", site, limit.messages_per_second));
    return;
  }
}

// At most `most` in any `window`, however often the server was killed within it.
void check_window(const Ledger& ledger, std::vector<Instant> times, const SiteLimit& limit,
                  unsigned most, Duration window, const std::string& what, Breaches& out) {
  if (most == 0) return;
  std::erase_if(times, [&](Instant at) {
    return killed_between(ledger, at - limit.jitter, at + limit.unsaved);
  });
  for (size_t first = 0; first + most < times.size(); ++first) {
    if (times[first + most] - times[first] >= window - limit.jitter) continue;
    out.push_back(fmt::format("{}: more than {} in {}", what, most, base::to_human(window)));
    return;
  }
}

std::vector<Instant> times_at(const std::map<std::string, std::vector<Instant>>& by_site,
                              const std::string& site) {
  auto found = by_site.find(site);
  return found == by_site.end() ? std::vector<Instant>() : found->second;
}

void check_quotas(const Ledger& ledger, const std::string& site, const SiteLimit& limit,
                  Breaches& out) {
  using namespace std::chrono_literals;
  const std::vector<Instant> messages = times_at(ledger.transactions_began(), site);
  check_window(ledger, messages, limit, limit.messages_per_hour, 1h, "messages to " + site, out);
  check_window(ledger, messages, limit, limit.messages_per_day, 24h, "messages to " + site, out);
  check_window(ledger, times_at(ledger.connections_made(), site), limit,
               limit.connections_per_minute, 1min, "new connections to " + site, out);
}

using NoticesByRecipient = std::map<RecipientKey, std::vector<const SeenNotice*>>;

void check_notices_of(const Ledger& ledger, const RecipientKey& key, const RecipientStory& story,
                      const NoticesByRecipient& failed, Breaches& out) {
  auto found = failed.find(key);
  size_t told = found == failed.end() ? 0 : found->second.size();
  bool failure_seen = false;
  for (const SeenEvent* seen : story.settled)
    failure_seen |= seen->event.kind == EventKind::bounced ||
                    seen->event.kind == EventKind::expired ||
                    seen->event.kind == EventKind::suppressed;
  if (story.sender.empty() && told > 0)
    out.push_back(who(key, story) + " has the null sender, which was told");
  if (failure_seen && !story.sender.empty() && told == 0)
    out.push_back(who(key, story) + " failed, and nobody told the sender");
  // Without a kill, nobody is told of a failure that did not come.
  if (!failure_seen && told > 0 &&
      !killed_between(ledger, found->second.front()->at, Instant::max()))
    out.push_back(who(key, story) + " is told to have failed, and did not");
}

void check_told_once(const Ledger& ledger, const NoticesByRecipient& notices, Breaches& out) {
  for (const auto& [key, told] : notices)
    for (size_t i = 1; i < told.size(); ++i)
      if (!killed_between(ledger, told[i - 1]->at, told[i]->at))
        out.push_back(fmt::format("the sender of message {} was told twice that {} {}",
                                  key.first.text(), key.second, told[i]->kind));
}

}  // namespace

void check_notices(const Ledger& ledger, Breaches& out) {
  NoticesByRecipient failed;
  NoticesByRecipient delayed;
  std::set<std::string> committed;
  for (const SeenNotice& notice : ledger.notices()) {
    auto& notices = notice.kind == "failed" ? failed : delayed;
    notices[{notice.message, notice.recipient}].push_back(&notice);
    committed.insert(notice.kind + " " + notice.recipient);
  }
  auto stories = stories_of(ledger, {});
  for (const auto& [key, story] : stories)
    if (story.accepted) check_notices_of(ledger, key, story, failed, out);
  check_told_once(ledger, failed, out);
  check_told_once(ledger, delayed, out);
  for (const std::string& told : ledger.told())
    if (!committed.contains(told)) out.push_back("a sender reads what nobody wrote: " + told);
}

void check_nothing_lost(const Ledger& ledger, const std::vector<Queued>& queued, Breaches& out) {
  check_acknowledged(ledger, out);
  auto stories = stories_of(ledger, queued);
  for (const auto& [key, story] : stories) check_story(ledger, key, story, out);
  check_verdicts(ledger, stories, out);
}

void check_arrivals(const Ledger& ledger, Breaches& out) {
  for (const Arrival& arrival : ledger.arrivals()) {
    std::string what = fmt::format("{} for {}", arrival.token, arrival.recipient);
    const Submission* submission = ledger.find(arrival.token);
    if (!submission) {
      out.push_back(what + " arrived, but nobody sent it");
      continue;
    }
    const auto& wanted = submission->recipients;
    if (std::find(wanted.begin(), wanted.end(), arrival.recipient) == wanted.end())
      out.push_back(what + " arrived for a recipient that it was not sent to");
    if (arrival.content_hash != submission->content_hash) out.push_back(what + " arrived changed");
    bool reappeared = submission->reply.starts_with('4') &&
                      killed_between(ledger, submission->ended_at, arrival.at);
    if (submission->fate == Fate::unsent)
      out.push_back(what + " arrived, but was never sent to the end");
    if (submission->fate == Fate::refused && !reappeared)
      out.push_back(what + " arrived, but was refused: " + submission->reply);
  }
}

void check_duplicates(const Ledger& ledger, Breaches& out) {
  std::vector<Duplicate> duplicates = duplicates_of(ledger);
  for (Duplicate& duplicate : duplicates)
    duplicate.excused = !duplicate.first->answered || !duplicate.first->confirmed;
  // The one that is repeated first has the fewest kills to choose from.
  std::stable_sort(duplicates.begin(), duplicates.end(), [](const auto& one, const auto& other) {
    return one.second->at < other.second->at;
  });
  for (const Kill& kill : ledger.kills()) excuse(kill, duplicates);
  for (const Duplicate& duplicate : duplicates)
    if (!duplicate.excused)
      out.push_back(fmt::format("{} arrived twice for {} after its 250 was read, {} apart",
                                duplicate.first->token, duplicate.first->recipient,
                                base::to_human(duplicate.second->at - duplicate.first->at)));
}

void check_limits(const Ledger& ledger, const std::map<std::string, SiteLimit>& limits,
                  Breaches& out) {
  for (const auto& [site, limit] : limits) {
    auto peak = ledger.connection_peaks().find(site);
    if (peak != ledger.connection_peaks().end() && peak->second > limit.connections_max)
      out.push_back(fmt::format("site {} had {} connections at once, its limit is {}", site,
                                peak->second, limit.connections_max));
    check_rate(ledger, site, limit, out);
    check_quotas(ledger, site, limit, out);
  }
}

void check_not_forgotten(const std::vector<Queued>& queued, WallTime now, Duration patience,
                         Breaches& out) {
  auto microseconds = std::chrono::ceil<std::chrono::microseconds>(patience);
  for (const Queued& waiting : queued)
    if (waiting.next_attempt_at + microseconds < now)
      out.push_back(fmt::format("message {} for {} was due at {} and is forgotten",
                                waiting.message.text(), waiting.recipient,
                                base::to_rfc3339(waiting.next_attempt_at)));
}

void check_drained(const std::vector<Queued>& queued, Breaches& out) {
  for (const Queued& waiting : queued)
    out.push_back(fmt::format("message {} for {} is still queued after all was healed",
                              waiting.message.text(), waiting.recipient));
}

}  // namespace waypost::sim
