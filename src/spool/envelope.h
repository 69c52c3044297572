#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/message_id.h"
#include "base/time.h"
#include "smtp/address.h"
#include "smtp/command.h"
#include "smtp/dsn.h"

namespace waypost::spool {

// What is known of an accepted message besides its octets; never changed after acceptance.
// docs/format/spool.md has the stored form.
struct Envelope {
  MessageId id;
  WallTime accepted_at;
  WallTime expires_at;
  // Its sender wants it sent then and not before; the epoch: at once. Its time to live counts from
  // then on (expires_at).
  WallTime not_before;
  bool has_deadline = false;  // its sender said when: it is worth nothing after expires_at

  // Whose mail this is and how it is grouped. Present from the first version of the format, so that
  // limits, records and reports can rely on them.
  std::string tenant = "default";
  std::string stream = "default";
  std::vector<std::string> tags;
  std::map<std::string, std::string> metadata;

  std::string login;       // name of the key that was used; empty for a trusted network
  std::string client;      // "192.0.2.7:50122"
  std::string message_id;  // the Message-ID field's value, for people who search by it

  std::optional<smtp::Mailbox> sender;  // none is the null reverse-path
  std::vector<smtp::Mailbox> recipients;
  smtp::BodyType body = smtp::BodyType::seven_bit;
  bool smtputf8 = false;  // RFC 6531 §3.4: only a host with SMTPUTF8 may get it
  smtp::MessageDsn dsn;
  std::map<uint32_t, smtp::RecipientDsn> recipient_dsn;  // by index; most have none

  // Taken from a stranger, for a domain that we take mail in for. It is never answered with a DSN:
  // whoever stands in the envelope may have nothing to do with it.
  bool inbound = false;
  std::string session;       // in which it was submitted; empty when not by SMTP
  uint32_t transaction = 0;  // which message of the session, 1 is the first
  // Why no recipient is tried before a person lets it go; empty: nothing keeps it back. What a
  // person says is in the progress, which says it again once there is one.
  std::string held_because;

  uint64_t size_octets = 0;  // of all chunks together
  uint32_t chunks = 0;

  // For how long it is tried at most, from acceptance or from the time that was asked for.
  WallTime::duration lifetime() const { return expires_at - std::max(accepted_at, not_before); }
};

// Where one recipient of a message stands. Rewritten after each attempt that settles nothing.
struct RecipientProgress {
  bool settled = false;  // delivered, bounced, expired or removed: never try again
  uint32_t attempts = 0;
  WallTime next_attempt_at;
  std::string last_reply;  // what they said, or why we got no reply; empty before the first attempt
  std::string last_host;
  bool held = false;            // kept back by a person until it is released
  bool delay_notified = false;  // the sender was told that it takes long
  // Another time than the envelope's, since a person said so; the epoch: nobody did. Kept for good,
  // for the message's time to live counts from the latest one of its recipients.
  WallTime scheduled_at = {};
};

// A message as the spool gives it back after a start.
struct StoredMessage {
  Envelope envelope;
  std::map<uint32_t, RecipientProgress> progress;  // by index into envelope.recipients

  // Where a recipient stands, also one that nothing happened to yet.
  RecipientProgress progress_of(uint32_t recipient) const {
    if (auto found = progress.find(recipient); found != progress.end()) return found->second;
    RecipientProgress first;
    first.held = !envelope.held_because.empty();
    first.next_attempt_at = envelope.not_before;
    return first;
  }
  // The time that somebody wants it sent at, a person's before the sender's; the epoch: at once.
  WallTime scheduled_at(uint32_t recipient) const {
    auto found = progress.find(recipient);
    const bool by_person = found != progress.end() && found->second.scheduled_at != WallTime();
    return by_person ? found->second.scheduled_at : envelope.not_before;
  }
  // Whether the recipient still waits for that time: no attempt came between.
  bool awaits_schedule(uint32_t recipient) const {
    const WallTime at = scheduled_at(recipient);
    return at != WallTime() && progress_of(recipient).next_attempt_at == at;
  }
  // When it is given up: its life counts from the latest time that any of its recipients has.
  WallTime expires_at() const;
};

inline WallTime StoredMessage::expires_at() const {
  WallTime from = envelope.accepted_at;
  for (uint32_t i = 0; i < envelope.recipients.size(); ++i) from = std::max(from, scheduled_at(i));
  return from + envelope.lifetime();
}

}  // namespace waypost::spool
