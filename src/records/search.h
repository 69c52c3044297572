#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/message_id.h"
#include "base/result.h"
#include "base/time.h"
#include "events/event.h"
#include "io/disk.h"

namespace waypost::records {

// A place in the order of pages, which begin with the newest message; of those of one microsecond
// the one with the greatest id comes first.
struct PagePlace {
  WallTime at;                       // accepted (or refused) at
  std::optional<MessageId> id = {};  // none: behind all of that time

  bool operator==(const PagePlace&) const = default;
};

// How much is read of a message that was found.
enum class Detail {
  events,   // at most 10,000, the newest, and its first
  summary,  // 20 of them in the same way, and the states of its recipients
  none,     // what the log alone tells is there all the same
};

// The site of what has none: no mail host was known.
inline constexpr std::string_view no_site = "no-mail-host";

// Which messages are wanted: those that meet every field that is set. A refused transaction counts
// as a message without an id.
struct Search {
  std::optional<MessageId> message = {};
  std::string address = {};         // the sender or a recipient, without regard to ASCII case
  std::string message_id = {};      // value of the header field, with its angle brackets
  std::string session = {};         // of the client that submitted it
  std::string domain = {};          // of a recipient
  std::string reply_class = {};     // of a reply to an attempt
  std::string host = {};            // that was tried
  std::string sender = {};          // exactly, without regard to ASCII case
  std::string sender_domain = {};   // what stands behind its "@"
  std::string tag = {};             // "kind", or "kind=invoice"
  std::string subject = {};         // words: each begins one of the subject's (subject_words.h)
  std::string address_prefix = {};  // of a recipient's address, without regard to ASCII case
  // Of a recipient, as the records have it: "queued". What the log alone tells may have gone on.
  std::string state = {};
  std::vector<std::string> states = {};  // the same, where it may be one of several
  // What came back: "complained" or another kind of those events.
  std::string came_back = {};
  // Of one event, together with `reply_class`.
  std::vector<std::string> kinds = {};  // one of these
  std::string site = {};                // where it was, or no_site
  std::optional<WallTime> happened_since = {};
  std::optional<WallTime> since = {};  // accepted (or refused) not before
  std::optional<WallTime> until = {};  // ... and before
  size_t messages_max = 20;            // the newest so many
  std::vector<MessageId> ids = {};     // exactly these, where there are any; nothing else is asked
  std::optional<std::string> tenant = {};
  std::optional<PagePlace> before = {};  // what comes behind it in the order of pages
  bool with_id = false;                  // no refusals that never had one
  // "sent": somebody here handed it in; "notice": it tells of that, from the null sender;
  // "inbound": a stranger brought it. Empty: any.
  std::string direction = {};
  Detail detail = Detail::events;
  // Messages that are looked at, give or take some thousand: a search with an end.
  size_t looked_at_max = std::numeric_limits<size_t>::max();
};

// Whether more than a class is asked of one event.
inline bool asks_for_one_event(const Search& wanted) {
  return !wanted.kinds.empty() || !wanted.site.empty() || wanted.happened_since;
}

// Where records are kept.
struct RecordPlaces {
  std::string folder;         // the days' files
  std::string events_folder;  // the event log
};

struct FoundRecipient {
  std::string address;
  std::string state;  // of those of day_file.h
};

struct FoundMessage {
  std::optional<MessageId> id;
  // What happened, oldest first; with Search::address only what concerns it.
  std::vector<events::Event> events = {};
  WallTime at = {};                             // accepted (or refused) at
  std::vector<FoundRecipient> recipients = {};  // a summary's, as far as the files tell

  PagePlace place() const { return {at, id}; }
};

struct Found {
  std::vector<FoundMessage> messages;  // oldest first
  bool has_more = false;               // older ones
  // Enough was looked at: nothing older than that was.
  std::optional<WallTime> searched_from = {};
  uint64_t damaged = 0;               // lines and rows that were passed over
  uint64_t lost_events = 0;           // that were never written, in the days that were searched
  std::vector<std::string> problems;  // files that could not be read, one line each
};

// Searches the days' files, newest first, and then what the event log holds beyond them: where
// there are no files, all of it. Blocks.
Result<Found> search(io::Disk& disk, const RecordPlaces& places, const Search& wanted);

}  // namespace waypost::records
