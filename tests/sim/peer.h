#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "io/sim_world.h"
#include "io/task_group.h"
#include "tests/sim/ledger.h"

namespace waypost::sim {

// How a receiving server treats mail. The shares are probabilities in [0, 1], drawn at each point.
struct PeerBehaviour {
  bool pipelining = true;
  double unwelcome_share = 0;  // 421 instead of a greeting, then close
  double mail_4yz_share = 0;
  double rcpt_4yz_share = 0;
  double rcpt_5yz_share = 0;  // of recipients, and then always
  double data_4yz_share = 0;
  double dot_4yz_share = 0;
  double dot_5yz_share = 0;
  double leave_share = 0;            // 421 to any command, then close
  double drop_after_dot_share = 0;   // takes the message and closes without a reply
  double stall_share = 0;            // never answers a command
  double slow_share = 0;             // answers a command after up to a minute
  unsigned greylisted_attempts = 0;  // 451 to so many RCPT for each recipient at first
};

// A pretend receiving site: one process, one or more addresses, all of it in one ledger entry. It
// is strict where a real one is: what is no valid command or content is a breach of protocol.
class Peer {
 public:
  Peer(io::SimProcess& process, Ledger& ledger, std::string site, PeerBehaviour behaviour);
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer();

  // Serves at an address of the process. Fails as Network::listen().
  Result<void> listen(const Endpoint& at);

  PeerBehaviour& behaviour() { return behaviour_; }
  // From now on takes everything but recipients that it refuses for good.
  void calm();
  // What it was sent against RFC 5321, for the scenario to report.
  const std::vector<std::string>& protocol_breaches() const { return protocol_breaches_; }
  const std::string& site() const { return site_; }

 private:
  class Session;
  io::Task<void> serve(io::Listener& listener);
  io::Task<void> converse(std::unique_ptr<io::Stream> stream);
  bool draw(double share);
  bool refuses_for_good(const std::string& recipient) const;
  bool greylists(const std::string& recipient);
  void note_connections();

  io::SimProcess& process_;
  Ledger& ledger_;
  const std::string site_;
  PeerBehaviour behaviour_;
  const uint64_t recipient_salt_;
  std::map<std::string, unsigned> greylisted_;
  std::vector<std::string> protocol_breaches_;
  std::vector<std::unique_ptr<io::Listener>> listeners_;
  io::TaskGroup group_;
};

}  // namespace waypost::sim
