#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <boost/container/small_vector.hpp>
#include <boost/flyweight.hpp>
#include <boost/intrusive/set.hpp>

#include "base/time.h"
#include "classify/reply_class.h"
#include "queue/packed_envelope.h"
#include "spool/envelope.h"

// What the queue keeps of a message in memory.
namespace waypost::queue {

struct Site;

// One copy of what a host says to thousands.
using SharedText = boost::flyweights::flyweight<std::string>;

enum class Place : uint8_t {
  resolving,  // the name system is being asked
  ready,      // at its site, in order
  sending,    // an attempt runs, or what it came to is being written
  deferred,   // until a time
  scheduled,  // until the time that somebody asked for
  held,       // by a person, or from the start
  paused,     // in a scope that a person keeps back
  settled,
};
inline constexpr size_t place_count = size_t(Place::settled) + 1;
// "resolving", "ready" and so on.
std::string_view name(Place place);

struct RecipientState {
  Place place = Place::resolving;     // changed by Queue::put() alone, since sites count it
  bool held : 1 = false;              // by a person; takes effect when what runs has ended
  bool delay_notified : 1 = false;    // the notice is on stable storage
  bool delay_being_told : 1 = false;  // it is on its way there
  bool awaits_schedule : 1 = false;   // scheduled_at has not come, or nobody has looked yet
  bool rescheduled : 1 = false;       // scheduled_at is a person's, not the envelope's
  classify::ReplyClass last_class = classify::ReplyClass::unknown;
  uint32_t attempts = 0;
  uint64_t order = 0;  // among those in the same place
  Instant due;
  WallTime scheduled_at;  // when somebody wants it sent, come or not; the epoch: at once
  Site* site = nullptr;   // once it is known; a site stays as long as recipients name it
  SharedText last_reply;
  SharedText last_host;
};

// There may be a million of them: with one recipient it takes some 200 octets, and the packed
// envelope as many.
struct Message {
  // Of one member in a tree; three words.
  using Hook = boost::intrusive::set_member_hook<boost::intrusive::optimize_size<true>>;

  explicit Message(spool::Envelope the_envelope);

  // While the message is packed, a new one each time.
  std::shared_ptr<const spool::Envelope> envelope() const;
  // For one that has long to wait, and for one that goes on. Not worth it for very many recipients:
  // they come and go one by one, and each time would cost as much as all of them.
  void pack();
  void unpack();

  // When it is worth nothing any more; without a deadline, never.
  Instant deadline() const { return has_deadline ? expires_at : Instant::max(); }

  MessageId id;
  Instant expires_at;
  Instant alarm_at;
  WallTime scheduled_at;          // the latest of all recipients; its life counts from then
  bool has_deadline : 1 = false;  // it is worth nothing after expires_at
  bool delay_told : 1 = false;    // the time for it has passed
  bool restored : 1 = false;      // found at the start
  bool runs_out : 1 = false;      // half of its time is over, and it has a deadline
  uint16_t lane = 0;              // at its sites; set as it comes to one
  uint32_t unsettled = 0;
  boost::container::small_vector<RecipientState, 1> recipients;  // most have one

  std::shared_ptr<const spool::Envelope> whole;  // or packed
  PackedEnvelope packed;

  Hook among_ids, among_alarms;  // of Messages
};

// One recipient of one message. Valid while the recipient is unsettled, since that keeps the
// message.
struct Item {
  Message* message;
  uint32_t recipient;

  RecipientState& state() const { return message->recipients[recipient]; }
  std::string domain() const { return message->envelope()->recipients[recipient].domain; }
};

}  // namespace waypost::queue
