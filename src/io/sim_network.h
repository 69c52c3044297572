#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "io/network.h"

namespace waypost::io {

class SimAcceptor;
class SimConnection;
class SimProcess;
class SimProcessNetwork;
class SimWorld;

// What the network does to new connections. The shares are probabilities in [0, 1], drawn anew for
// each connection; nothing between a host and itself ever fails.
struct SimNetworkFaults {
  Duration latency_min = std::chrono::microseconds(200);  // of each piece, one way
  Duration latency_max = std::chrono::milliseconds(20);
  size_t piece_octets_max = 16 * 1024;      // octets arrive in pieces of 1 to so many
  double tiny_pieces_share = 0.1;           // connections whose pieces have 1 to 16 octets at first
  size_t in_flight_octets_max = 64 * 1024;  // written and not yet read; then write() suspends
  double refused_share = 0;
  double blackholed_share = 0;  // nobody ever answers
  double host_down_share = 0;   // the other host goes down and comes back: as if all were cut off
  Duration host_down_min = std::chrono::seconds(10);
  Duration host_down_max = std::chrono::minutes(10);
  double reset_share = 0;  // reset for both after 0 to so many octets
  uint64_t reset_octets_max = 20'000;
  double stall_share = 0;  // nothing arrives for a time, from a random octet on
  Duration stall_min = std::chrono::seconds(1);
  Duration stall_max = std::chrono::minutes(15);
  std::set<IpAddress> reliable_hosts;  // connections to these meet no fault
};

// Connections to one listening endpoint, counted where it matters to who opened them: from the
// arrival there until the opener has closed, or knows that the connection was reset.
struct SimConnectionCount {
  size_t open = 0;
  size_t peak = 0;
  uint64_t total = 0;
};

// The network between the hosts of a world. Semantics are those of make_asio_network(); two
// coroutines that wait on one stream or listener at once are a bug, and found here.
class SimNetwork {
 public:
  explicit SimNetwork(SimWorld& world);
  SimNetwork(const SimNetwork&) = delete;
  SimNetwork& operator=(const SimNetwork&) = delete;
  ~SimNetwork();

  // For what is opened from now on, but latency and pieces are read again each time.
  SimNetworkFaults& faults() { return faults_; }
  const SimNetworkFaults& faults() const { return faults_; }

  // Nothing passes between the two, in both directions, until healed. What was under way arrives
  // after that, as TCP would send it again; attempts to connect go on until their deadline.
  void partition(IpAddress one, IpAddress other);
  void heal_partition(IpAddress one, IpAddress other);
  // The same for everything to and from this host.
  void take_down(IpAddress host, Instant until);
  // All faults end: settings as at the start, partitions and outages over, and what was already
  // decided for open connections is void. Latency and pieces stay.
  void heal();

  SimConnectionCount connections(const Endpoint& listening) const;
  // Connections that this process has opened and not closed, as far as the other side knows of
  // them.
  size_t open_from(const SimProcess& process) const;

  // For SimWorld.
  std::unique_ptr<Network> for_process(SimProcess& process);
  void add_address(IpAddress address, IpAddress host) { hosts_.emplace(address, host); }
  void process_killed(SimProcess& process);

 private:
  friend class SimAcceptor;
  friend class SimConnection;
  friend class SimProcessNetwork;

  // A name that one can listen on: TCP, or a path. Loopback, wildcards and paths are the host's
  // own.
  struct Name {
    IpAddress host;
    Endpoint endpoint;
    std::string path;
    auto operator<=>(const Name&) const = default;
  };
  std::shared_ptr<SimAcceptor> listen(SimProcess& process, Name name, bool shared);
  bool taken(const Name& name, bool shared) const;
  std::shared_ptr<SimConnection> open(SimProcess& process, Endpoint from, Name to);
  std::shared_ptr<SimAcceptor> acceptor_at(const Name& name);
  void forget(const SimAcceptor& acceptor);
  IpAddress host_of(const IpAddress& address) const;
  bool exists(const IpAddress& host) const { return hosts_.contains(host); }
  bool cut(const IpAddress& one, const IpAddress& other) const;
  uint16_t next_port();
  void count(const Endpoint& listening, int change);

  SimWorld& world_;
  SimNetworkFaults faults_;
  std::map<IpAddress, IpAddress> hosts_;  // by each of their addresses
  std::set<std::pair<IpAddress, IpAddress>> partitions_;
  std::map<IpAddress, Instant> down_until_;
  std::map<Endpoint, SimConnectionCount> counts_;
  std::map<uint64_t, std::weak_ptr<SimConnection>> connections_;  // by number
  uint64_t connections_opened_ = 0;
  uint64_t healed_through_ = 0;  // the last connection that the last heal() freed of its faults
  std::map<Name, std::vector<std::shared_ptr<SimAcceptor>>> listening_;
  std::set<Name> paths_ever_;
  uint16_t last_port_ = 32767;
};

}  // namespace waypost::io
