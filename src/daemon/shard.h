#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/config.h"
#include "daemon/adapters.h"
#include "daemon/entrances.h"
#include "daemon/home.h"
#include "daemon/journal.h"
#include "daemon/room.h"
#include "daemon/unsigned_warnings.h"
#include "delivery/deliverer.h"
#include "dns/unbound_resolver.h"
#include "domains/signers.h"
#include "guard/suppressions.h"
#include "intake/intake.h"
#include "io/asio_loop.h"
#include "io/disk.h"
#include "io/remote.h"
#include "io/worker.h"
#include "records/keys.h"
#include "returns/return_paths.h"
#include "spool/held_content.h"
#include "spool/rocks_store.h"
#include "submission/clients.h"
#include "tls/context.h"

namespace waypost::daemon {

// What all shards share; each of these serves any thread.
struct Commons {
  Journal& journal;
  io::Disk& disk;
  Room& room;
  io::Worker& keys_worker;
  records::Keys& keys;
  guard::Suppressions& suppressions;
  spool::RocksStore& store;
  std::shared_ptr<spool::HeldContent> held;
  dns::UnboundContext& names;
  tls::ClientContext& opportunistic_tls;
  tls::ClientContext* verifying_tls;  // null without a list of authorities
  submission::Clients& clients;
  const io::PassedSockets& passed;
  std::shared_ptr<const returns::ReturnPaths> return_paths;       // null: there are none
  std::function<std::string(const spool::Envelope&)> keeps_back;  // of intake::Services
};

// What shards take from the configuration; all of it stands when they get it.
struct Orders {
  std::shared_ptr<const config::Config> config;
  std::shared_ptr<tls::ServerContext> certificate;  // null: no TLS
  std::optional<std::string> token_scope;           // none: no logins with tokens
  delivery::Settings delivery;
  std::shared_ptr<const domains::Signers> signers;
};

// The domains of return paths, whose mail ends here; none where there are no return paths.
std::optional<submission::LocalMailboxes> local_mailboxes(
    const std::shared_ptr<const returns::ReturnPaths>& paths);

// One event loop and what runs on it: sessions, intake, and the connections to the sites that it
// carries mail to. The queue is not among them: one loop keeps it for all (home.h), since where
// mail waits is one question, and carrying it is many. Thread: its loop's, or before that runs.
class Shard {
 public:
  // `home` is told what happens; it and `commons` outlive the shard.
  Shard(io::AsioLoop& loop, const Commons& commons, Home& home, const Orders& orders);

  void use(const Orders& orders);

  // How other shards ask it for something.
  io::Remote& remote() { return remote_; }
  io::AsioLoop& loop() { return loop_; }
  spool::Spool& spool() { return *spool_; }
  delivery::Deliverer& deliverer() { return *deliverer_; }
  intake::Intake& intake() { return *intake_; }
  dns::Resolver& resolver() { return *resolver_; }
  queue::Courier& courier() { return courier_; }
  Entrances& entrances() { return *entrances_; }

 private:
  io::AsioLoop& loop_;
  std::unique_ptr<spool::Spool> spool_;
  std::unique_ptr<dns::Resolver> resolver_;
  FileSecrets secrets_;
  std::unique_ptr<delivery::Deliverer> deliverer_;
  DeliveryCourier courier_{*deliverer_};
  KeyAuthenticator authenticator_;
  UnsignedWarnings unsigned_warnings_;
  std::unique_ptr<intake::Intake> intake_;
  std::unique_ptr<Entrances> entrances_;
  io::Remote remote_;  // last: what runs for others uses all of the above
};

}  // namespace waypost::daemon
