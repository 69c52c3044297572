#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/networks.h"
#include "events/event.h"
#include "guard/suppressions.h"
#include "intake/arrival.h"
#include "intake/signing_stage.h"
#include "intake/submitter.h"
#include "io/loop.h"
#include "smtp/address.h"
#include "smtp/command.h"
#include "smtp/reply.h"
#include "spool/spool.h"

namespace waypost::intake {

struct Limits {
  uint64_t message_octets_max = 25 * 1024 * 1024;  // of content, before our own fields
  size_t recipients_max = 1000;                    // RFC 5321 §4.5.3.1.8: at least 100
  size_t received_fields_max = 50;
  Duration expire_after = std::chrono::days(5);
  // Of messages on these streams, unless they say less: a deadline.
  std::map<std::string, Duration, std::less<>> stream_expires_after = {};
  // Whether recipients that are not to be written to are refused; else the queue ends them.
  bool refuse_suppressed = false;
  // Whether the beginning of the subject is told with the acceptance.
  bool tells_subject = true;
  Signing signing = {};
  // Address literals of recipients there are refused: delivery would not go there either.
  std::vector<IpPrefix> forbidden_literals = {};
};

struct Services {
  io::Loop& loop;
  spool::Spool& spool;
  events::Sink& events;
  // The message is on stable storage: the queue may have it. Called on the loop.
  std::function<void(spool::Envelope)> accepted = {};
  // Whether the disk has room for more mail; asked at most once a second. Empty: always.
  std::function<bool()> has_room = {};
  // Whether what was accepted is queued soon. Empty: always.
  std::function<bool()> keeps_up = {};
  // Why the spool did not take a message, for the log. Empty: nobody asks.
  std::function<void(const Error&)> storage_failed = {};
  // Mail from this domain went out as it is, though it should be signed (UnsignedMail::warn), and
  // what helps; the domain is empty where the message names none. Called for each message.
  std::function<void(const std::string& domain, const std::string& trouble)> unsigned_mail = {};
  // Where its recipient writes to get no more of its stream; none: no field says so. The address
  // has characters that stand for themselves in a URI only (RFC 6068 §2). Empty: never.
  std::function<std::optional<smtp::Mailbox>(const spool::Envelope&)> unsubscribe_address = {};
  // Why a message is kept back until a person lets it go; empty: it is not. Empty: none is.
  std::function<std::string(const spool::Envelope&)> keeps_back = {};
  // Who is not to be written to. Null: nobody.
  const guard::Suppressions* suppressions = nullptr;
};

// The one way in for mail, whoever brings it: limits, then headers, then signatures, then the
// commit to the spool. It must outlive its arrivals. Thread: the shard's loop.
class Intake {
 public:
  Intake(Services services, Limits limits, std::string hostname);

  // For the messages to come.
  void reconfigure(Limits limits, std::string hostname);

  // Why no mail can be taken now, if so: 451 4.3.0 when the spool does not store any more,
  // 452 4.3.1 when the disk is nearly full, 451 4.3.2 when too much that was accepted is not queued
  // yet. Ask before a message starts.
  std::optional<smtp::Reply> refuse_now();

  std::unique_ptr<Arrival> start(Submitter submitter, smtp::MailArguments mail);

  // Tells the world that a command was refused; with the id of a message whose submitter knows it
  // already. A message that is refused at its end reports itself. Of its recipients the first
  // hundred are told.
  void report_rejected(const Submitter& submitter, const std::optional<smtp::Mailbox>& sender,
                       std::vector<std::string> recipients, const smtp::Reply& reply,
                       std::optional<MessageId> message = std::nullopt);

  const Limits& limits() const { return *limits_; }

 private:
  friend class Arrival;

  bool has_room();

  Services services_;
  std::shared_ptr<const Limits> limits_;
  std::string hostname_;
  bool had_room_ = true;
  std::optional<Instant> room_asked_at_;
};

}  // namespace waypost::intake
