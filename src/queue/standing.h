#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/message_id.h"
#include "base/time.h"
#include "spool/envelope.h"

namespace waypost::queue {

// What holds a recipient just now.
enum class Hold {
  sending,    // an attempt runs
  resolving,  // the name system is being asked where the mail goes
  slot,       // all connections that the site may have are busy
  rate,       // the site's messages a second
  quota,      // the site's messages an hour or a day, or its new connections a minute
  site_shut,  // the site could not be reached, or asked us to stop; it is probed before others
              // follow
  deferred,   // they said not now, or we got no answer
  scheduled,  // somebody asked for a later time
  held,       // a person keeps it back, or it was accepted so (Envelope::held_because)
  paused,     // a person keeps back a scope that it belongs to
  stopping,   // the queue starts no attempts: it is shutting down or cannot record outcomes
};
std::string_view name(Hold hold);
std::optional<Hold> parse_hold(std::string_view name);

// Why a held recipient of the message waits, for people.
std::string held_reason(const spool::Envelope& envelope);

// Why one waits that is to be sent at that time, for people.
std::string schedule_reason(WallTime at);

// Where one recipient stands: nothing waits without a reason and, where there is one, a time.
struct Standing {
  MessageId id;
  WallTime accepted_at;
  WallTime expires_at;
  std::string sender;
  std::string recipient;
  std::string tenant;
  std::string stream;
  std::string login;
  std::string site;  // empty until it is known
  uint64_t size_octets = 0;

  Hold hold = Hold::slot;
  std::string reason;          // one sentence for people
  std::string limit_origin;    // who set the limit that holds it: "waypost.toml:31"; else empty
  WallTime next_attempt_at;    // the epoch when it depends on others only
  WallTime scheduled_at = {};  // that it still waits for, also while it is held; else the epoch
  uint32_t attempts = 0;
  std::string last_reply;
  std::string last_host;
  std::string reply_class;  // of the last reply: "mailbox-full"; empty before there was one
  // What the doctor found at its site; the queue itself knows nothing of it.
  std::string diagnosis = {};
  bool delay_notified = false;  // the sender was told that it takes long
  bool has_deadline = false;    // its sender said when it expires: it is worth nothing later
};

}  // namespace waypost::queue
