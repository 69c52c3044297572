#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "classify/reply_class.h"
#include "spool/envelope.h"

// What the queue keeps of a message in memory.
namespace waypost::queue {

struct Site;

enum class Place : uint8_t {
  resolving,  // the name system is being asked
  ready,      // at its site, in order
  sending,    // an attempt runs, or what it came to is being written
  deferred,   // until a time
  held,       // by a person
  paused,     // in a scope that a person keeps back
  settled,
};

struct RecipientState {
  Place place = Place::resolving;
  bool held = false;              // by a person; takes effect when what runs has ended
  bool delay_notified = false;    // the notice is on stable storage
  bool delay_being_told = false;  // it is on its way there
  classify::ReplyClass last_class = classify::ReplyClass::unknown;
  uint32_t attempts = 0;
  uint64_t order = 0;  // among those in the same place
  Instant due;
  Site* site = nullptr;  // once it is known; a site stays as long as recipients name it
  std::string last_reply;
  std::string last_host;
};

struct Message {
  std::shared_ptr<const spool::Envelope> envelope;
  Instant expires_at;
  Instant alarm_at;         // of its entry among the queue's alarms
  bool delay_told = false;  // the time for it has passed
  uint32_t unsettled = 0;
  std::vector<RecipientState> recipients;
};

// One recipient of one message. Valid while the recipient is unsettled, since that keeps the
// message.
struct Item {
  Message* message;
  uint32_t recipient;

  RecipientState& state() const { return message->recipients[recipient]; }
  const std::string& domain() const { return message->envelope->recipients[recipient].domain; }
};

}  // namespace waypost::queue
