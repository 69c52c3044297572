#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/message_id.h"
#include "base/time.h"
#include "smtp/address.h"
#include "smtp/command.h"

namespace waypost::spool {

// What is known of an accepted message besides its octets; never changed after acceptance.
// docs/format/spool.md has the stored form.
struct Envelope {
  MessageId id;
  WallTime accepted_at;
  WallTime expires_at;

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

  uint64_t size_octets = 0;  // of all chunks together
  uint32_t chunks = 0;
};

// Where one recipient of a message stands. Rewritten after each attempt that settles nothing.
struct RecipientProgress {
  bool settled = false;  // delivered, bounced, expired or removed: never try again
  uint32_t attempts = 0;
  WallTime next_attempt_at;
  std::string last_reply;  // what they said, or why we got no reply; empty before the first attempt
  std::string last_host;
};

// A message as the spool gives it back after a start.
struct StoredMessage {
  Envelope envelope;
  std::map<uint32_t, RecipientProgress> progress;  // by index into envelope.recipients
};

}  // namespace waypost::spool
