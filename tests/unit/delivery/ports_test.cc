#include "delivery/ports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/attempts.h"
#include "tls/tls_stream.h"

// By which of its ports mail takes a route.
namespace waypost::delivery {
namespace {

using namespace std::chrono_literals;
using events::Phase;
using events::Verdict;
using testing::AllOf;
using testing::HasSubstr;

enum class Mood {
  takes_mail,
  hangs_up,       // before its greeting
  hangs_up_late,  // once TLS is there, before its greeting
  says_no,        // instead of a greeting
  knows_no_tls,   // offers no STARTTLS
  is_a_stranger,  // has a certificate that nobody vouches for
};

const tls::KeyPair& strange_key_pair() {
  static const tls::KeyPair pair = [] {
    io::SimWorld world{2};
    return *tls::make_self_signed({"mx.x.test"}, std::chrono::days(30), world);
  }();
  return pair;
}

// One port of a relay, which counts what comes.
class Door {
 public:
  Door(io::SimProcess& process, uint16_t port, TlsMode mode, Mood first_mood)
      : mood(first_mood), process_(process), mode_(mode) {
    const tls::KeyPair& keys =
        mood == Mood::is_a_stranger ? strange_key_pair() : fakes::Attempts::key_pair();
    context_ = *tls::ServerContext::from_pem(keys.certificate_pem, keys.key_pem);
    listener_ = *process.network().listen({process.host(), port}, {});
    tasks_.start(serve());
  }

  Mood mood;
  unsigned connections = 0;
  unsigned messages = 0;
  unsigned in_the_clear = 0;  // of these

 private:
  using Stream = std::unique_ptr<io::Stream>;

  io::Task<void> serve() {
    while (true) {
      auto accepted = co_await listener_->accept();
      if (!accepted) co_return;
      ++connections;
      tasks_.start(converse(*std::move(accepted)));
    }
  }

  io::Task<void> converse(Stream stream) {
    if (mood == Mood::hangs_up) co_return;
    bool secure = false;
    if (mode_ == TlsMode::implicit) {
      stream = co_await shake_hands(std::move(stream));
      secure = true;
    }
    if (!stream || mood == Mood::hangs_up_late) co_return;
    std::string greeting = mood == Mood::says_no ? "554 5.3.2 Not now\r\n" : "220 mx.x.test\r\n";
    co_await say(*stream, std::move(greeting));
    if (mood == Mood::says_no) co_return;
    std::string received;
    bool in_content = false;
    while (stream) {
      auto line = co_await read_line(*stream, received);
      if (!line) co_return;
      if (in_content && *line != ".") continue;
      if (in_content) {
        ++messages;
        in_the_clear += !secure;
      }
      std::string reply = answer(*line, std::exchange(in_content, *line == "DATA"), secure);
      co_await say(*stream, std::move(reply));
      if (*line != "STARTTLS") continue;
      stream = co_await shake_hands(std::move(stream));
      secure = true;
    }
  }

  std::string answer(const std::string& line, bool content_ended, bool secure) const {
    if (content_ended) return "250 2.0.0 Ok\r\n";
    if (line == "DATA") return "354 Go on\r\n";
    bool offers_tls = !secure && mood != Mood::knows_no_tls;
    if (line.starts_with("EHLO"))
      return offers_tls ? "250-mx.x.test\r\n250 STARTTLS\r\n" : "250 mx.x.test\r\n";
    return "250 2.1.0 Ok\r\n";
  }

  io::Task<Stream> shake_hands(Stream stream) {
    auto secured = co_await tls::accept(std::move(stream), *context_, process_.now() + 1h);
    if (!secured) co_return nullptr;
    co_return *std::move(secured);
  }

  io::Task<void> say(io::Stream& stream, std::string text) {
    auto written = co_await stream.write(text, process_.now() + 1h);
    static_cast<void>(written);
  }

  io::Task<std::optional<std::string>> read_line(io::Stream& stream, std::string& received) {
    std::array<char, 512> buffer;
    size_t end = 0;
    while ((end = received.find("\r\n")) == std::string::npos) {
      auto got = co_await stream.read(buffer, process_.now() + 1h);
      if (!got || *got == 0) co_return std::nullopt;
      received.append(buffer.data(), *got);
    }
    std::string line = received.substr(0, end);
    received.erase(0, end + 2);
    co_return line;
  }

  io::SimProcess& process_;
  TlsMode mode_;
  std::unique_ptr<tls::ServerContext> context_;
  std::unique_ptr<io::Listener> listener_;
  io::TaskGroup tasks_;
};

struct PortsTest : testing::Test, fakes::Attempts {
  PortsTest() {
    Smarthost upstream;
    upstream.id = "upstream";
    upstream.match = {"*"};
    upstream.host = "mx.x.test";
    upstream.port = 587;
    upstream.tls = TlsPolicy::required;
    upstream.fallback_ports = {{465, TlsMode::implicit}, {2525, TlsMode::starttls}};
    settings.smarthosts = {upstream};
    site = "mx.x.test:587";
  }
  Door& open(uint16_t port, Mood mood = Mood::takes_mail) {
    TlsMode mode = port == 465 ? TlsMode::implicit : TlsMode::starttls;
    doors.push_back(std::make_unique<Door>(there, port, mode, mood));
    return *doors.back();
  }
  events::Outcome one(Duration time = 20s) {
    Outcomes outcomes = attempt({"a@x.test"}, time);
    EXPECT_EQ(outcomes.size(), 1u);
    return outcomes.empty() ? events::Outcome{} : outcomes.front();
  }
  // At once, and all are delivered.
  void several(size_t count) {
    std::vector<Outcomes> outcomes(count);
    for (Outcomes& each : outcomes) {
      std::vector<std::string> recipients{"a@x.test"};
      tasks.start(carry(std::move(recipients), each));
    }
    world.run_for(20s);
    for (const Outcomes& each : outcomes) {
      ASSERT_EQ(each.size(), 1u);
      EXPECT_EQ(each.front().verdict, Verdict::delivered) << each.front().text();
    }
  }
  // "587 -> 465", for each time that it was told.
  std::vector<std::string> switches() const {
    std::vector<std::string> all;
    for (const events::Event& event : told) {
      EXPECT_EQ(event.kind, events::EventKind::port_switched);
      EXPECT_EQ(event.site, site);
      EXPECT_EQ(event.port_switch.route, "upstream");
      EXPECT_FALSE(event.reply.empty());
      all.push_back(std::to_string(event.port_switch.from) + " -> " +
                    std::to_string(event.port_switch.to));
    }
    return all;
  }
  using Switches = std::vector<std::string>;

  std::vector<std::unique_ptr<Door>> doors;
};

TEST_F(PortsTest, takes_the_first_as_long_as_it_answers) {
  Door& first = open(587);
  Door& other = open(465);
  events::Outcome outcome = one();
  EXPECT_EQ(outcome.verdict, Verdict::delivered) << outcome.text();
  EXPECT_EQ(outcome.peer.address, "10.0.0.2:587");
  EXPECT_EQ(first.messages, 1u);
  EXPECT_EQ(other.connections, 0u);
  EXPECT_EQ(switches(), Switches());
}

TEST_F(PortsTest, goes_by_the_next_when_nobody_listens_at_the_first_and_remembers_it) {
  Door& other = open(465);
  for (int i = 0; i < 3; ++i) {
    events::Outcome outcome = one();
    EXPECT_EQ(outcome.verdict, Verdict::delivered) << outcome.text();
    EXPECT_EQ(outcome.peer.address, "10.0.0.2:465");
    EXPECT_THAT(outcome.peer.tls, HasSubstr("TLSv1.3"));
    EXPECT_EQ(outcome.peer.certificate, "valid");
  }
  EXPECT_EQ(other.messages, 3u);
  EXPECT_EQ(switches(), Switches({"587 -> 465"}));
  EXPECT_THAT(told.front().reply, AllOf(HasSubstr("port 587"), HasSubstr("refused")));
  EXPECT_EQ(told.front().peer.host, "mx.x.test");
  Door& first = open(587);
  one();
  EXPECT_EQ(first.connections, 0u) << "it is remembered, also when the first works again";
}

TEST_F(PortsTest, leaves_a_port_that_hangs_up_before_its_greeting) {
  Door& first = open(587, Mood::hangs_up);
  Door& other = open(465);
  EXPECT_EQ(one().verdict, Verdict::delivered);
  EXPECT_EQ(first.connections, 1u);
  other.mood = Mood::hangs_up;
  first.mood = Mood::takes_mail;
  world.run_for(1min);
  EXPECT_EQ(one().verdict, Verdict::delivered) << "with implicit TLS it comes in the handshake";
  other.mood = Mood::takes_mail;
  first.mood = Mood::hangs_up;
  world.run_for(1min);
  EXPECT_EQ(one().verdict, Verdict::delivered);
  other.mood = Mood::hangs_up_late;
  first.mood = Mood::takes_mail;
  world.run_for(1min);
  EXPECT_EQ(one().verdict, Verdict::delivered);
  EXPECT_EQ(switches(), Switches({"587 -> 465", "465 -> 587", "587 -> 465", "465 -> 587"}));
}

TEST_F(PortsTest, leaves_a_port_where_connecting_times_out) {
  Door& other = open(465);
  world.network().take_down(there.host(), world.now() + 40s);
  events::Outcome outcome = one(3min);
  EXPECT_EQ(outcome.verdict, Verdict::delivered) << outcome.text();
  EXPECT_EQ(other.messages, 1u);
  EXPECT_THAT(told.front().reply, HasSubstr("timed out"));
}

TEST_F(PortsTest, stays_with_a_port_that_says_no) {
  Door& other = open(465);
  Door& first = open(587);
  for (Mood mood : {Mood::says_no, Mood::knows_no_tls}) {
    first.mood = mood;
    EXPECT_EQ(one().verdict, Verdict::deferred);
  }
  EXPECT_EQ(other.connections, 0u);
  EXPECT_EQ(switches(), Switches());
}

TEST_F(PortsTest, stays_with_a_port_whose_certificate_does_not_hold) {
  Door& first = open(587, Mood::is_a_stranger);
  Door& other = open(465);
  events::Outcome outcome = one();
  EXPECT_EQ(outcome.verdict, Verdict::deferred);
  EXPECT_EQ(outcome.phase, Phase::tls);
  EXPECT_EQ(other.connections, 0u);
  EXPECT_EQ(first.messages, 0u);
}

// Whoever can cut off the first port must not bring mail into the clear, or to themselves.
TEST_F(PortsTest,
       demands_tls_with_a_certificate_that_holds_whatever_the_first_port_is_content_with) {
  settings.smarthosts.front().tls = TlsPolicy::opportunistic;
  Door& stranger = open(465, Mood::is_a_stranger);
  Door& clear = open(2525, Mood::knows_no_tls);
  events::Outcome outcome = one();
  EXPECT_EQ(outcome.verdict, Verdict::deferred);
  EXPECT_EQ(stranger.messages + clear.messages, 0u);
  EXPECT_GT(stranger.connections, 0u);
  EXPECT_GT(clear.connections, 0u);
  EXPECT_EQ(switches(), Switches()) << "no port takes mail, so none is better than the first";
}

TEST_F(PortsTest, passes_over_an_other_port_that_takes_no_mail) {
  open(465, Mood::says_no);
  Door& last = open(2525);
  EXPECT_EQ(one().verdict, Verdict::delivered);
  EXPECT_EQ(last.messages, 1u);
  EXPECT_EQ(switches(), Switches({"587 -> 2525"}));
}

TEST_F(PortsTest, says_of_each_port_why_none_takes_mail) {
  open(465, Mood::says_no);
  events::Outcome outcome = one();
  EXPECT_EQ(outcome.verdict, Verdict::deferred);
  EXPECT_EQ(outcome.phase, Phase::connect);
  EXPECT_TRUE(outcome.concerns_site);
  EXPECT_THAT(outcome.text(), AllOf(HasSubstr("port 587: "), HasSubstr("port 465: 554 5.3.2"),
                                    HasSubstr("port 2525: ")));
  EXPECT_EQ(outcome.peer.address, "10.0.0.2:587");
  EXPECT_EQ(switches(), Switches());
}

TEST_F(PortsTest, looks_at_the_first_again_after_a_while_and_goes_back_to_it) {
  Door& other = open(465);
  one();
  world.run_for(Ports::first_again_after);
  EXPECT_EQ(one().peer.address, "10.0.0.2:465") << "it still does not answer: nothing changes";
  Door& first = open(587);
  one();
  EXPECT_EQ(first.connections, 0u) << "it had its chance a moment ago";
  world.run_for(Ports::first_again_after);
  EXPECT_EQ(one().peer.address, "10.0.0.2:587");
  EXPECT_EQ(one().peer.address, "10.0.0.2:587");
  EXPECT_EQ(other.messages, 3u);
  EXPECT_EQ(switches(), Switches({"587 -> 465", "465 -> 587"}));
  EXPECT_THAT(told.back().reply, HasSubstr("takes mail again"));
  EXPECT_TRUE(deliverer().ports().others().empty());
}

TEST_F(PortsTest, stays_with_the_other_when_the_first_answers_again_but_says_no) {
  Door& other = open(465);
  one();
  Door& first = open(587, Mood::says_no);
  world.run_for(Ports::first_again_after);
  EXPECT_EQ(one().verdict, Verdict::delivered);
  EXPECT_EQ(first.connections, 1u);
  EXPECT_EQ(other.messages, 2u);
  EXPECT_EQ(switches(), Switches({"587 -> 465"}));
}

TEST_F(PortsTest, lets_one_attempt_look_while_the_others_go_on) {
  open(465);
  one();
  Door& first = open(587, Mood::hangs_up);
  world.run_for(Ports::first_again_after);
  site_connections_max = 5;
  several(5);
  EXPECT_EQ(first.connections, 1u);
}

TEST_F(PortsTest, uses_a_connection_for_the_port_that_is_in_use_alone) {
  settings.idle_connection = 1h;
  Door& other = open(465);
  one();
  one();
  EXPECT_EQ(other.connections, 1u) << "it is kept";
  Door& first = open(587);
  site_connections_max = 2;
  world.run_for(Ports::first_again_after);
  several(2);
  EXPECT_EQ(first.messages, 1u) << "the second of them had no idle one, so it looked";
  several(2);
  EXPECT_EQ(first.messages, 3u);
  EXPECT_EQ(first.connections, 2u);
  EXPECT_EQ(other.messages, 3u) << "its idle connection is for nobody any more";
}

TEST_F(PortsTest, tells_of_one_switch_however_many_attempts_come_to_it) {
  open(465);
  site_connections_max = 5;
  several(5);
  EXPECT_EQ(switches(), Switches({"587 -> 465"}));
}

TEST_F(PortsTest, remembers_for_each_source_what_it_reaches) {
  open(465);
  Source plain;
  plain.id = "one";
  plain.helo = "one.relay.test";
  settings.sources = {plain};
  settings.pools = {{"all", {}, {{"one"}}}};
  settings.pool = "all";
  EXPECT_EQ(one().verdict, Verdict::delivered);
  EXPECT_EQ(told.front().peer.source, "one");
  EXPECT_EQ(deliverer().ports().others().front().source, "one");
  Settings changed = settings;
  deliverer().reconfigure(changed);
  EXPECT_TRUE(deliverer().ports().others().empty()) << "other settings begin with the first port";
}

TEST_F(PortsTest, does_not_blame_a_port_for_a_source_that_does_not_work) {
  Door& other = open(465);
  settings.source_address = IpAddress::v4({10, 0, 0, 77});
  events::Outcome outcome = one();
  EXPECT_EQ(outcome.phase, Phase::egress);
  EXPECT_EQ(outcome.text(), "10.0.0.77 is not an address of this machine");
  EXPECT_EQ(other.connections, 0u);
  EXPECT_EQ(switches(), Switches());
}

TEST_F(PortsTest, offers_a_login_that_was_refused_at_no_further_port) {
  Ports ports(here);
  auto first = std::make_shared<Route>();
  first->smarthost = "upstream";
  first->port = 587;
  for (uint16_t port : {465, 2525}) {
    auto other = std::make_shared<Route>(*first);
    other->port = port;
    first->fallbacks.push_back(other);
  }
  Source source;
  Ports::Plan plan = ports.plan(first, source);
  events::Outcome outcome;
  outcome.phase = Phase::connect;
  outcome.unanswered = true;
  EXPECT_TRUE(plan.go_on(outcome));
  EXPECT_EQ(plan.route()->port, 465);
  outcome.phase = Phase::login;
  outcome.unanswered = false;
  outcome.reply = smtp::reply(535, "5.7.8 No");
  EXPECT_FALSE(plan.go_on(outcome));
  EXPECT_EQ(std::move(plan).outcome().phase, Phase::login);
}

TEST_F(PortsTest, stays_with_the_other_when_the_first_answers_again_but_refuses_the_login) {
  Ports ports(here);
  auto first = std::make_shared<Route>();
  first->smarthost = "upstream";
  first->port = 587;
  first->hosts = {{"mx.x.test", 0}};
  auto other = std::make_shared<Route>(*first);
  other->port = 465;
  first->fallbacks = {other};
  Source source;
  events::Outcome outcome;
  outcome.phase = Phase::connect;
  outcome.unanswered = true;
  Ports::Plan plan = ports.plan(first, source);
  EXPECT_TRUE(plan.go_on(outcome));
  EXPECT_TRUE(ports.takes_mail(plan, *first, source));
  world.run_for(Ports::first_again_after);
  Ports::Plan look = ports.plan(first, source);
  EXPECT_EQ(look.route()->port, 587);
  outcome.phase = Phase::login;
  outcome.unanswered = false;
  outcome.reply = smtp::reply(535, "5.7.8 No");
  ASSERT_TRUE(look.go_on(outcome)) << "the one in use takes mail";
  EXPECT_EQ(look.route()->port, 465);
}

TEST_F(PortsTest, learns_nothing_from_an_attempt_by_settings_that_are_gone) {
  Door& other = open(465);
  world.network().take_down(there.host(), world.now() + 40s);
  Outcomes outcomes;
  tasks.start(carry({"a@x.test"}, outcomes));
  world.run_for(5s);
  Settings changed = settings;
  deliverer().reconfigure(changed);
  world.run_for(3min);
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes.front().verdict, Verdict::delivered) << outcomes.front().text();
  EXPECT_EQ(other.messages, 1u);
  EXPECT_TRUE(deliverer().ports().others().empty());
  EXPECT_EQ(switches(), Switches());
}

}  // namespace
}  // namespace waypost::delivery
