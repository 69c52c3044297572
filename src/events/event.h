#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/message_id.h"
#include "base/result.h"
#include "base/time.h"
#include "events/cause.h"
#include "events/outcome.h"

namespace waypost::events {

// Of a subject: enough to know a message again by; more of what it is about is nobody's to keep.
inline constexpr size_t subject_characters_max = 100;

// What can happen to mail. The words are the ones that every surface shows (docs/format/events.md).
enum class EventKind {
  accepted,       // on stable storage; once per message, lists all recipients
  rejected,       // refused at submission, never accepted
  delivered,      // their server said 250; no proof of an inbox
  deferred,       // they said not now, or did not answer
  bounced,        // they said no for good
  expiring,       // half of the time before its deadline is over, and it still waits
  expired,        // we gave up after the message's time
  cancelled,      // removed by a person
  held,           // kept back by a person
  released,       // no longer kept back
  rescheduled,    // a person named the time at which it is to be sent, or said now
  late_bounced,   // their server took it, and sent it back later
  late_delayed,   // their server took it, and says that it takes long
  complained,     // the recipient, or whoever acts for them, calls it unwanted
  unsubscribed,   // the recipient wants no more of this stream
  auto_replied,   // a program answered: away, or received
  suppressed,     // never tried: the address is on the list of those not to be written to
  port_switched,  // not about mail but about a route: it takes another port from now on
  diagnosed,      // not about mail but about a site that it cannot reach: what is broken there
};
std::string_view name(EventKind kind);
// Whether it tells of messages and recipients.
bool is_about_mail(EventKind kind);
Result<EventKind> parse_event_kind(std::string_view name);

// Where a route went, and goes now.
struct PortSwitch {
  std::string route;  // id
  uint16_t from = 0;
  uint16_t to = 0;

  bool operator==(const PortSwitch&) const = default;
};

// One fact about mail, as it is logged, shown and sent to others. Fields that do not apply are
// empty and are left out of the JSON.
struct Event {
  EventKind kind = EventKind::accepted;
  WallTime at;

  std::optional<MessageId> message;  // none for most refusals
  // Of a notice: the message that it tells of. Of what came back: the message that told of it.
  std::optional<MessageId> about;
  std::string tenant;
  std::string stream;
  std::vector<std::string> tags;  // "kind=invoice"
  std::map<std::string, std::string> metadata;

  std::string sender;                   // "" is the null reverse-path
  std::vector<std::string> recipients;  // accepted: all; otherwise the ones that this is about
  std::string login;
  std::string client;      // address that submitted it: accepted, rejected
  std::string message_id;  // value of the Message-ID field: accepted
  std::string subject;     // accepted: its first characters, decoded, where they are kept
  uint64_t size_octets = 0;
  bool inbound = false;         // brought by a stranger, for a domain of ours: accepted
  std::string signed_by;        // the domain of our signatures: accepted
  std::string signing_trouble;  // why it does not count for its From domain: accepted
  std::string session;          // one SMTP session of a client: accepted, rejected
  uint32_t transaction = 0;     // which message of that session, 1 is the first

  uint32_t attempt = 0;  // 1 is the first
  std::string site;
  Peer peer;
  std::optional<Phase> phase;
  std::string reply;  // "250 2.0.0 Ok: queued as 7D1F", or what happened instead of a reply
  Cause cause;        // of what was not delivered
  std::optional<WallTime> next_attempt_at;
  // For when somebody wants it sent, where that was not at once: accepted, rescheduled.
  std::optional<WallTime> scheduled_at;
  std::optional<WallTime> delivered_at;  // of what came back: when their server had taken it
  Duration took{0};                      // of this attempt
  std::vector<Step> steps;
  Duration since_accepted{0};
  PortSwitch port_switch;  // port_switched, which has site, host and source, and why in `reply`
  // What both sides said, where it was asked for. Not part of the JSON: it goes to the records.
  std::shared_ptr<const std::string> transcript;
};

// One line of JSON without the newline; "v":1 is the schema of docs/format/events.md.
std::string to_json_line(const Event& event);
// The reverse, strict about types, tolerant of unknown fields. corrupt when it is no event.
Result<Event> parse_json_line(std::string_view line);

// Where events go: the log now, subscribers later. Emitting never blocks and never fails visibly.
// Thread: any shard's loop.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void emit(Event event) = 0;
};

}  // namespace waypost::events
