#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "base/ip_address.h"
#include "io/network.h"
#include "io/task_group.h"
#include "submission/caller.h"
#include "submission/session.h"
#include "submission/settings.h"

namespace waypost::submission {

// The SMTP server of one shard: its listeners, its sessions, and how many there may be.
// Destroying it drops everything, as a crash would. Thread: the loop's.
class Server {
 public:
  Server(Settings settings, Services services);
  ~Server();

  // Before start(). The daemon opens the sockets, since some ports need rights that it gives up.
  void add_listener(std::unique_ptr<io::Listener> listener, TlsMode tls_mode);
  void start();

  // For the sessions to come; no certificate: no TLS.
  void set_certificate(std::shared_ptr<tls::ServerContext> certificate);

  // For the sessions to come; those under way go on as they began.
  void reconfigure(Settings settings, TlsMode tls_mode);
  // Takes no more connections; the sessions go on to their own end.
  void close_listeners();
  bool finished() const { return tasks_.running() == 0; }

  // Graceful until `deadline`, then hard: takes no more connections, lets every message that is
  // being sent or stored get its reply, says 421 to all others, and returns when all have ended.
  // Once; not cancellable.
  io::Task<void> stop(Instant deadline);

  size_t sessions() const { return sessions_.size(); }

 private:
  struct Listening {
    std::unique_ptr<io::Listener> listener;
    TlsMode tls_mode;
  };

  io::Task<void> accept_at(Listening& at);
  void receive(std::unique_ptr<io::Stream> stream, TlsMode tls_mode);
  io::Task<void> receive_from_proxy(std::unique_ptr<io::Stream> stream, TlsMode tls_mode);
  void admit(std::unique_ptr<io::Stream> stream, const Caller& caller, TlsMode tls_mode);
  io::Task<void> serve(std::unique_ptr<io::Stream> stream, Caller caller, TlsMode tls_mode);
  io::Task<void> turn_away(std::unique_ptr<io::Stream> stream, smtp::Reply reply);
  void tell_of(const Endpoint& client, const smtp::Reply& refused);
  std::optional<smtp::Reply> refuse_connection() const;
  std::optional<smtp::Reply> refuse_client(const Caller& caller) const;
  std::vector<Session*> running_sessions() const;

  std::shared_ptr<const Settings> settings_;  // also of each session that began with it
  Services services_;
  std::vector<std::unique_ptr<Listening>> listenings_;
  std::unordered_set<Session*> sessions_;
  std::unordered_set<io::Stream*> headers_due_;  // connections whose PROXY header has not come
  bool stopping_ = false;
  io::TaskGroup tasks_;  // last: what runs uses all of the above
};

}  // namespace waypost::submission
