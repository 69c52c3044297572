#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/sim_network.h"
#include "tests/sim/client.h"
#include "tests/sim/invariants.h"
#include "tests/sim/peer.h"

namespace waypost::sim {
namespace {

using namespace std::chrono_literals;

// A client that submits straight to a peer: what one says it sent must be what the other says it
// got, before a relay comes between them.
struct Meeting {
  explicit Meeting(uint64_t seed, PeerBehaviour behaviour = {})
      : world(seed),
        ledger(world),
        at{IpAddress::parse("198.51.100.1").value(), 25},
        receiving(world.make_process(at.address)),
        sending(world.make_process(IpAddress::parse("192.0.2.1").value())),
        peer(receiving, ledger, "a.example", behaviour) {
    settings.name = "c";
    settings.server = at;
    settings.domains = {"a.example", "b.example"};
    settings.messages = 60;
    settings.large_share = 0.1;
    EXPECT_TRUE(peer.listen(at));
  }

  void run() {
    Client client(sending, ledger, settings);
    client.start();
    EXPECT_TRUE(world.run_until([&] { return client.finished(); }, world.now() + 48h));
  }
  size_t count(Fate fate) const {
    const auto& all = ledger.submissions();
    return static_cast<size_t>(
        std::count_if(all.begin(), all.end(), [&](const auto& one) { return one.fate == fate; }));
  }
  // Recipients that one side knows of and the other does not.
  Breaches disagreements() const {
    Breaches out;
    check_arrivals(ledger, out);
    check_duplicates(ledger, out);
    std::map<std::string, size_t> arrived;
    for (const Arrival& arrival : ledger.arrivals())
      if (arrival.answered) ++arrived[arrival.token];
    for (const Submission& one : ledger.submissions())
      if (one.fate == Fate::acknowledged && arrived[one.token] != one.recipients.size())
        out.push_back(one.token + " was acknowledged and did not arrive");
    for (const std::string& breach : peer.protocol_breaches()) out.push_back(breach);
    return out;
  }

  io::SimWorld world;
  Ledger ledger;
  Endpoint at;
  io::SimProcess& receiving;
  io::SimProcess& sending;
  ClientSettings settings;
  Peer peer;
};

TEST(ClientAndPeer, agree_when_nothing_fails) {
  for (bool pipelining : {false, true}) {
    Meeting meeting(1);
    meeting.settings.abort_share = 0;
    meeting.settings.pipelined_share = pipelining ? 1 : 0;
    meeting.run();
    EXPECT_EQ(meeting.count(Fate::acknowledged), 60u);
    EXPECT_THAT(meeting.disagreements(), testing::IsEmpty());
  }
}

TEST(ClientAndPeer, agree_on_what_was_aborted_refused_or_never_answered) {
  PeerBehaviour difficult;
  difficult.unwelcome_share = difficult.mail_4yz_share = difficult.rcpt_4yz_share = 0.1;
  difficult.rcpt_5yz_share = difficult.data_4yz_share = difficult.leave_share = 0.05;
  difficult.dot_4yz_share = difficult.dot_5yz_share = difficult.drop_after_dot_share = 0.1;
  difficult.stall_share = difficult.slow_share = 0.02;
  difficult.greylisted_attempts = 1;
  size_t seen[4] = {};
  for (uint64_t seed = 1; seed <= 15; ++seed) {
    Meeting meeting(seed, difficult);
    meeting.world.network().faults().reset_share = 0.1;
    meeting.world.network().faults().stall_share = 0.05;
    meeting.run();
    EXPECT_THAT(meeting.disagreements(), testing::IsEmpty()) << "seed " << seed;
    for (Fate fate : {Fate::unsent, Fate::refused, Fate::unknown, Fate::acknowledged})
      seen[static_cast<size_t>(fate)] += meeting.count(fate);
  }
  EXPECT_THAT(seen, testing::Each(testing::Gt(10u)));
}

TEST(ClientAndPeer, do_the_same_again_for_the_same_seed) {
  auto hash = [](uint64_t seed) {
    Meeting meeting(seed);
    meeting.run();
    return meeting.world.trace_hash();
  };
  EXPECT_EQ(hash(3), hash(3));
  EXPECT_NE(hash(3), hash(4));
}

TEST(ClientAndPeer, die_in_the_middle_without_a_trace_of_memory) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Meeting meeting(seed);
    auto client = std::make_unique<Client>(meeting.sending, meeting.ledger, meeting.settings);
    client->start();
    for (uint64_t steps = seed * 37; steps > 0; --steps) meeting.world.step();
    meeting.sending.kill();
    meeting.world.run_for(1s);
    client.reset();
    meeting.world.run_for(1h);
    EXPECT_EQ(meeting.world.network().connections(meeting.at).open, 0u);
  }
}

}  // namespace
}  // namespace waypost::sim
