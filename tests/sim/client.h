#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "io/sim_world.h"
#include "io/task_group.h"
#include "smtp/reply.h"
#include "tests/sim/ledger.h"

namespace waypost::sim {

struct ClientSettings {
  std::string name;  // starts its tokens; one per client and life
  Endpoint server;
  std::vector<std::string> domains;  // to which it sends
  unsigned users_per_domain = 20;    // user0@ ... userN@
  unsigned messages = 20;
  unsigned recipients_max = 5;
  Duration pause_max = std::chrono::seconds(5);  // between messages
  double pipelined_share = 0.5;
  double large_share = 0.02;  // 300 to 700 KiB, several chunks
  double abort_share = 0.05;  // closes in the middle of DATA
  double null_sender_share = 0.1;
  double urgent_share = 0.3;    // on the stream that the relay has a rule for
  double deadline_share = 0.3;  // with a deadline of some minutes
  double reuse_share = 0.5;     // sends the next message on the same connection
  Duration patience = std::chrono::minutes(5);
};

inline constexpr std::string_view urgent_stream = "urgent";

// A program that submits mail from a trusted address, message after message, and writes down what
// it knows of each. It never sends a message twice: an answer that did not come stays unknown.
class Client {
 public:
  Client(io::SimProcess& process, Ledger& ledger, ClientSettings settings);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Sends all its messages; starts at once.
  void start();
  bool finished() const { return started_ && group_.running() == 0; }

 private:
  class Session;
  io::Task<void> send_all();
  std::string draw_recipient();
  std::vector<std::string> draw_recipients();
  std::string compose(const std::string& token);
  bool draw(double share);

  io::SimProcess& process_;
  Ledger& ledger_;
  const ClientSettings settings_;
  unsigned sent_ = 0;
  bool started_ = false;
  io::TaskGroup group_;
};

}  // namespace waypost::sim
