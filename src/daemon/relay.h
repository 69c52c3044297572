#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/health.h"
#include "daemon/journal.h"
#include "daemon/reload.h"
#include "io/asio_loop.h"
#include "io/passed_sockets.h"

namespace waypost::queue {
class Courier;
}
namespace waypost::spool {
struct Envelope;
}

namespace waypost::daemon {

inline constexpr const char* demo_admin = "demo";

// Mail is taken and shown, and none leaves.
struct Capture {
  // Why a message is kept back; empty: it is offered to `courier`.
  std::function<std::string(const spool::Envelope&)> keeps_back;
  // Instead of what carries mail out, and what reads returns: whatever a person lets go comes here.
  // Outlives the relay.
  queue::Courier* courier = nullptr;
};

struct RelayOptions {
  Setup setup;
  std::string ca_file;                              // PEM; empty: the system's authorities
  SetupLoader load_again;                           // none: this relay cannot be reloaded
  std::shared_ptr<const io::PassedSockets> passed;  // null: none
  // Not empty: this is a demo, and the dashboard says so on every page. Whoever brings the word is
  // logged in as `demo_admin`, once.
  std::string demo_word = {};
  std::optional<Capture> capture = {};
};

// The running relay: the spool, the queue, the servers and the deliverers, joined. It runs on
// `loop`, which keeps the queue, and on as many threads of its own as the configuration wants loops
// besides (shard.h). Thread: the loop's, but for start().
class Relay {
 public:
  // Opens everything, goes on with what the spool holds, and listens. Blocks; before the loop runs.
  // Failures say what could not be opened and what to do.
  static Result<std::unique_ptr<Relay>> start(io::AsioLoop& loop, RelayOptions options,
                                              Journal& journal);
  ~Relay();

  // The real addresses, in the order of the configuration.
  std::vector<Endpoint> listening_at() const;

  // Reads the configuration and the rules again and goes on with them, without touching a session
  // or an attempt that is under way: those end as they began. All or nothing: whatever is wrong,
  // with the text, a rule, the certificate or a new listener's address, leaves everything as it
  // was. One at a time.
  io::Task<ReloadOutcome> reload();

  // None without HTTP.
  std::optional<Endpoint> http_at() const;
  // Whether the program carries the pages of the dashboard.
  static bool has_pages();

  const Health& health() const;

  // Recipients that wait.
  size_t waiting() const;

  // What happened before is in the event log when it ends, unless the disk refuses it.
  io::Task<void> events_written();

  // Graceful: takes no more connections, lets sessions and attempts end, writes everything down.
  // Suspends `stop_patience` at most, and two seconds more for goodbyes. False when attempts were
  // still waiting for a peer then: their messages stay in the spool and the process should end
  // without waiting for them.
  io::Task<bool> stop();
  static constexpr Duration stop_patience = std::chrono::seconds(8);

 private:
  struct Parts;
  explicit Relay(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace waypost::daemon
