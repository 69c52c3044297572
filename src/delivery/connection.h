#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "delivery/dialogue.h"
#include "delivery/route.h"
#include "delivery/secrets.h"
#include "delivery/settings.h"
#include "events/outcome.h"
#include "smtp/capabilities.h"
#include "spool/spool.h"
#include "tls/context.h"
#include "tls/tls_stream.h"

namespace waypost::delivery {

// What connections are made with; all of it outlives them.
struct Surroundings {
  io::Loop& loop;
  io::Network& network;
  tls::ClientContext& opportunistic_tls;
  // For routes that want a certificate that holds; null where the system has no authorities to
  // check it by, and then such routes wait.
  tls::ClientContext* verifying_tls;
  spool::Spool& spool;
  Secrets* secrets;  // null where no route has a login
};

// Suspends until somebody else's limit lets us go on; or says at once why it does not in time.
using Permission = std::function<io::Task<std::optional<std::string>>()>;

// The part of a route that one connection is about.
struct Target {
  std::shared_ptr<const Route> route;
  std::shared_ptr<const Source> source;
  std::string host;
  Endpoint address;
  bool use_tls = true;

  void say_source(events::Peer& peer) const;
};

// One SMTP connection to a mail host, greeted, secured where that is wanted, logged in where that
// is configured, and used for one message after the other. Thread: the loop's.
class Connection {
 public:
  // Goes through greeting, EHLO, STARTTLS and AUTH over `stream`, which leads to the target.
  // What it fails with concerns the host, not a message; it is a bounce only when the host turns
  // out to be ourselves.
  static io::Task<tl::expected<std::unique_ptr<Connection>, events::Outcome>> open(
      Surroundings surroundings, std::shared_ptr<const Settings> settings, Target target,
      std::unique_ptr<io::Stream> stream, AttemptLog& log);

  // One message to `recipients` (indexes into the envelope): one outcome each, in their order, with
  // what the attempt's log has. MAIL waits for `turn`; where that says no, all are deferred, and
  // the connection is good for another message.
  io::Task<std::vector<events::Outcome>> send(const spool::Envelope& envelope,
                                              std::vector<uint32_t> recipients,
                                              const Permission& turn, AttemptLog& log);

  // Whether another message may follow.
  bool usable() const { return usable_; }
  // The last send() ended before the host said anything: it may have closed an idle connection, and
  // nothing of the message has been passed on.
  bool went_unanswered() const { return went_unanswered_; }
  unsigned messages_sent() const { return messages_sent_; }
  const events::Peer& peer() const { return peer_; }
  // Where it comes from: another source's mail may not use it.
  const Source& source() const { return *target_.source; }
  // By which port: mail whose route demands another kind of TLS may not use it.
  const Route& route() const { return *target_.route; }

  // Says goodbye and closes; waits a short time for the answer.
  io::Task<void> quit();

 private:
  struct Failure;
  using Ready = tl::expected<void, Failure>;
  Connection(Surroundings surroundings, std::shared_ptr<const Settings> settings, Target target,
             std::unique_ptr<io::Stream> stream);
  io::Task<Ready> prepare(AttemptLog& log);
  io::Task<Ready> greet(AttemptLog& log);
  io::Task<Ready> hello(AttemptLog& log);
  io::Task<Ready> secure(AttemptLog& log);
  io::Task<Ready> shake_hands(AttemptLog& log);
  io::Task<Ready> authenticate(AttemptLog& log);
  bool tls_first() const { return target_.use_tls && target_.route->tls_mode == TlsMode::implicit; }
  bool tls_required() const { return target_.route->tls == TlsPolicy::required; }
  bool is_ourselves(const smtp::Reply& hello) const;
  events::Outcome not_now(std::string why, AttemptLog& log) const;

  Surroundings surroundings_;
  std::shared_ptr<const Settings> settings_;
  Target target_;
  events::Peer peer_;
  std::optional<ChannelBinding> binding_;
  Dialogue dialogue_;
  smtp::Capabilities capabilities_;
  bool usable_ = true;
  bool went_unanswered_ = false;
  bool needs_reset_ = false;  // a transaction was left open
  unsigned messages_sent_ = 0;
};

}  // namespace waypost::delivery
