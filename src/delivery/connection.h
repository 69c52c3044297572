#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "delivery/dialogue.h"
#include "delivery/settings.h"
#include "events/outcome.h"
#include "smtp/capabilities.h"
#include "spool/spool.h"
#include "tls/context.h"

namespace waypost::delivery {

// What a connection is made with; all of it outlives the connection.
struct Surroundings {
  io::Loop& loop;
  io::Network& network;
  tls::ClientContext& tls;
  spool::Spool& spool;
  const Settings& settings;
};

// One SMTP connection to a mail host, greeted, secured where that is wanted, and used for one
// message after the other. Thread: the loop's.
class Connection {
 public:
  // Connects to `to`, which is an address of `host`, and goes through greeting, EHLO and STARTTLS.
  // What it fails with concerns the host, not a message.
  static io::Task<tl::expected<std::unique_ptr<Connection>, events::Outcome>> open(
      Surroundings surroundings, std::string host, Endpoint to, bool use_tls);

  // One message to `recipients` (indexes into the envelope): one outcome each, in their order. MAIL
  // waits for `turn`.
  io::Task<std::vector<events::Outcome>> send(const spool::Envelope& envelope,
                                              std::vector<uint32_t> recipients,
                                              const std::function<io::Task<void>()>& turn);

  // Whether another message may follow.
  bool usable() const { return usable_; }
  // The last send() ended before the host said anything: it may have closed an idle connection, and
  // nothing of the message has been passed on.
  bool went_unanswered() const { return went_unanswered_; }
  unsigned messages_sent() const { return messages_sent_; }
  const events::Peer& peer() const { return peer_; }

  // Says goodbye and closes; waits a short time for the answer.
  io::Task<void> quit();

 private:
  struct Failure;
  Connection(Surroundings surroundings, std::unique_ptr<io::Stream> stream, events::Peer peer);
  io::Task<tl::expected<void, Failure>> greet();
  io::Task<tl::expected<void, Failure>> hello();
  io::Task<tl::expected<void, Failure>> secure();

  Surroundings surroundings_;
  events::Peer peer_;
  Dialogue dialogue_;
  smtp::Capabilities capabilities_;
  bool usable_ = true;
  bool went_unanswered_ = false;
  bool needs_reset_ = false;  // a transaction was left open
  unsigned messages_sent_ = 0;
};

}  // namespace waypost::delivery
