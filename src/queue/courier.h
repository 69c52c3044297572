#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "events/outcome.h"
#include "io/task.h"
#include "shaping/limits.h"
#include "spool/envelope.h"

namespace waypost::queue {

// Suspends until the site's limits let the attempt go on; or says at once why that would be too
// late: then the attempt ends, and its recipients wait in the queue like others.
using Permission = std::function<io::Task<std::optional<std::string>>()>;

// Some recipients of one message, for one attempt: all in one domain, or in domains that
// Courier::go_together() lets share a transaction.
struct Assignment {
  std::shared_ptr<const spool::Envelope> envelope;
  std::vector<uint32_t> recipients;  // indexes into envelope->recipients, at least one
  std::string domain;                // of the first
  std::string site;
  bool urgent = false;           // before others where it has to wait
  unsigned connections_max = 1;  // to the site, counting the ones kept idle
  unsigned messages_per_connection_max = 1;
  // To be awaited with one outcome for each recipient, in their order, before the connection may
  // carry another message: so a crash repeats at most one message a connection.
  std::function<io::Task<void>(std::vector<events::Outcome>)> settle;
  // To be asked for right before each MAIL: connecting takes its time, and messages that were let
  // go evenly must not arrive in a bunch behind it.
  Permission turn;
  // To be asked for before each connection that is tried; empty: the site may have any number.
  Permission connecting;
};

// Who carries mail out; the queue knows no more of delivery than this. Thread: the shard's loop.
class Courier {
 public:
  virtual ~Courier() = default;

  // The first mail host of the domain, when that is known without waiting.
  virtual std::optional<shaping::MailHost> known_mail_host(const std::string& domain) = 0;
  // The same, asked for. Otherwise what that comes to for mail to this domain: a bounce when the
  // domain takes no mail, a deferral when nobody could tell.
  virtual io::Task<tl::expected<shaping::MailHost, events::Outcome>> find_mail_host(
      std::string domain) = 0;

  // Whether recipients in both domains may share a transaction: they take the same route.
  virtual bool go_together(const std::string& one, const std::string& other) const {
    return one == other;
  }

  // How many connections to the site are open and wait for another message.
  virtual unsigned idle_connections(const std::string& site) const = 0;

  // One attempt, which awaits `settle` once, whatever it comes to.
  virtual io::Task<void> attempt(Assignment assignment) = 0;
};

}  // namespace waypost::queue
