#include "publish/flows.h"

#include <array>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/check.h"
#include "dns/memory_resolver.h"
#include "dns/message.h"
#include "dns/rdata.h"
#include "io/sim_network.h"
#include "io/sim_world.h"
#include "io/task_group.h"

namespace waypost::publish {
namespace {

using testing::HasSubstr;

std::string name_rdata(std::string_view name) {
  std::string octets;
  dns::append_name(octets, name);
  return octets;
}

std::string txt_rdata(std::string_view text) {
  return static_cast<char>(text.size()) + std::string(text);
}

// A name server that has some records below shop.example, and keeps what updates it was sent.
class Server {
 public:
  Server(io::SimWorld& world, std::string_view address)
      : process(world.make_process(*IpAddress::parse(address))) {
    auto listener = process.network().listen({process.host(), 53}, {});
    CHECK(listener);
    listener_ = *std::move(listener);
    tasks_.start(serve());
  }
  void add(std::string name, uint16_t type, std::string rdata) {
    records.push_back({std::move(name), type, dns::record_class::in, 60, std::move(rdata)});
  }

  io::SimProcess& process;
  std::vector<dns::Record> records;
  std::vector<dns::Message> updates;
  // Answers to an update: what TsigAnswer and rcode come to is for the real servers to test.
  int update_rcode = 9;
  bool authoritative = true;
  std::string refused;    // a name that it answers no questions about
  std::string delegated;  // a name that another server has

 private:
  io::Task<void> serve() {
    while (true) {
      auto accepted = co_await listener_->accept();
      if (!accepted) co_return;
      tasks_.start(converse(*std::move(accepted)));
    }
  }
  io::Task<void> converse(std::unique_ptr<io::Stream> stream) {
    const Instant deadline = process.now() + std::chrono::seconds(60);
    std::string octets;
    std::array<char, 512> piece;
    while (octets.size() < 2 || octets.size() < 2 + dns::read_16(octets, 0)) {
      auto got = co_await stream->read(piece, deadline);
      if (!got || *got == 0) co_return;
      octets.append(piece.data(), *got);
    }
    std::string message = answer(octets.substr(2));
    std::string framed;
    dns::append_16(framed, static_cast<unsigned>(message.size()));
    framed += message;
    auto written = co_await stream->write(framed, deadline);
    // Until the other side has read it.
    auto end = co_await stream->read(piece, deadline);
  }

  // Those of a wildcard where the name has none.
  std::vector<dns::Record> records_at(const std::string& name) const {
    std::vector<dns::Record> found;
    for (const std::string& owner :
         {name, "*" + name.substr(std::min(name.find('.'), name.size()))})
      for (const dns::Record& record : records)
        if (record.name == owner && (owner == name || found.empty() || found[0].name == owner))
          found.push_back(record);
    return found;
  }

  std::string answer(const std::string& octets) {
    if (octets[2] & 0x78) {
      updates.push_back(*dns::parse_message(octets));
      std::string refusal = octets.substr(0, 2);
      dns::append_16(refusal, 0xa800u | static_cast<unsigned>(update_rcode));
      return refusal + std::string(8, '\0');
    }
    // Of one question the name stands behind the header.
    const size_t name_end = octets.find('\0', dns::message_header_octets) + 1;
    const std::string name = *dns::parse_ptr_rdata(
        octets.substr(dns::message_header_octets, name_end - dns::message_header_octets));
    const auto type = static_cast<uint16_t>(dns::read_16(octets, name_end));
    std::string sections;
    unsigned answers = 0;
    for (dns::Record record : records_at(name)) {
      if (name == refused) break;
      if (record.type != type && record.type != dns::record_type::cname) continue;
      record.name = name;
      dns::append_record(sections, record);
      ++answers;
    }
    const bool passed_on = name == delegated;
    if (passed_on)
      dns::append_record(sections, {name, dns::record_type::ns, dns::record_class::in, 60,
                                    name_rdata("ns.esp.example")});
    else
      dns::append_record(sections,
                         {"shop.example", dns::record_type::soa, dns::record_class::in, 60,
                          name_rdata("ns") + name_rdata("h") + std::string(20, '\0')});
    std::string message = octets.substr(0, 2);
    const bool has_it = authoritative && !passed_on;
    dns::append_16(message, (has_it ? 0x8400u : 0x8000u) | (name == refused ? 5u : 0u));
    for (unsigned count : {1u, answers, 1u, 0u}) dns::append_16(message, count);
    return message +
           octets.substr(dns::message_header_octets, name_end + 4 - dns::message_header_octets) +
           sections;
  }

  std::unique_ptr<io::Listener> listener_;
  io::TaskGroup tasks_;
};

class FlowsTest : public testing::Test {
 protected:
  FlowsTest() {
    needs_.domain = "mail.shop.example";
    needs_.spf_terms = {"ip4:192.0.2.1"};
    needs_.reports = "d@shop.example";
    names_.add_address("ns1.shop.example", first_.process.host());
    names_.add_address("ns2.shop.example", second_.process.host());
    recursive_.add("shop.example", dns::record_type::ns, name_rdata("ns1.shop.example"));
    recursive_.add("shop.example", dns::record_type::ns, name_rdata("ns2.shop.example"));
  }
  void publish_at(Server& server) {
    server.add("mail.shop.example", dns::record_type::txt, txt_rdata("v=spf1 ip4:192.0.2.1 ~all"));
    server.add("_dmarc.mail.shop.example", dns::record_type::txt,
               txt_rdata("v=DMARC1; p=none; rua=mailto:d@shop.example"));
  }
  template <class T>
  T run(io::Task<T> task) {
    std::optional<T> result;
    io::TaskGroup group;
    group.start(keep(std::move(task), result));
    world_.run_until([&] { return result.has_value(); }, world_.now() + std::chrono::minutes(10));
    CHECK(result);
    return *std::move(result);
  }
  template <class T>
  static io::Task<void> keep(io::Task<T> task, std::optional<T>& into) {
    into.emplace(co_await std::move(task));
  }
  Vantage vantage() {
    return {client_, client_.network(), names_, {recursive_.process.host(), 53}};
  }
  Instant soon() { return client_.now() + std::chrono::minutes(5); }
  Result<Publication> update() {
    return run(publish_update(vantage(), needs_, {first_.process.host(), 53}, key_, soon()));
  }

  io::SimWorld world_{7};
  io::SimProcess& client_ = world_.make_process(*IpAddress::parse("192.0.2.200"));
  Server recursive_{world_, "192.0.2.52"};
  Server first_{world_, "192.0.2.53"};
  Server second_{world_, "192.0.2.54"};
  dns::MemoryResolver names_{client_};
  Needs needs_;
  TsigKey key_{"update.shop.example", TsigAlgorithm::hmac_sha256, Secret("secret")};
};

TEST_F(FlowsTest, finds_the_servers_of_the_zone_above_and_asks_each) {
  for (Server* server : {&recursive_, &first_, &second_}) publish_at(*server);
  auto found = run(verify(vantage(), needs_, {}, soon()));
  ASSERT_TRUE(found) << found.error().describe();
  EXPECT_TRUE(found->good());
  ASSERT_EQ(found->records[0].observations.size(), 3u);
  EXPECT_EQ(found->records[0].observations[1].server.text(), "ns2.shop.example (192.0.2.54)");
  EXPECT_TRUE(found->records[0].observations[2].server.resolver);
}

// Who lets a provider keep the DMARC record delegates the name to its servers, or has an alias
// there.
TEST_F(FlowsTest, follows_a_name_into_the_zone_that_has_it) {
  const std::string dmarc = "v=DMARC1; p=none; rua=mailto:d@shop.example";
  for (Server* server : {&recursive_, &first_, &second_})
    server->add("mail.shop.example", dns::record_type::txt, txt_rdata("v=spf1 ip4:192.0.2.1 ~all"));
  Server provider(world_, "192.0.2.55");
  names_.add_address("ns.esp.example", provider.process.host());
  for (Server* server : {&first_, &second_}) server->delegated = "_dmarc.mail.shop.example";
  recursive_.add("_dmarc.mail.shop.example", dns::record_type::ns, name_rdata("ns.esp.example"));
  recursive_.add("_dmarc.mail.shop.example", dns::record_type::txt, txt_rdata(dmarc));
  auto found = run(verify(vantage(), needs_, {}, soon()));
  ASSERT_TRUE(found) << found.error().describe();
  ASSERT_EQ(found->records.size(), 2u);
  EXPECT_FALSE(found->good());
  EXPECT_EQ(found->records[1].observations[0].difference, Difference::missing);
  EXPECT_THAT(found->records[1].observations[0].words,
              HasSubstr("ns.esp.example (192.0.2.55) has the zone of this name"));
  provider.add("_dmarc.mail.shop.example", dns::record_type::txt, txt_rdata(dmarc));
  found = run(verify(vantage(), needs_, {}, soon()));
  ASSERT_TRUE(found) << found.error().describe();
  EXPECT_TRUE(found->good()) << found->records[1].observations[0].words;
}

TEST_F(FlowsTest, follows_an_alias_into_another_zone) {
  const std::string dmarc = "v=DMARC1; p=none; rua=mailto:d@shop.example";
  for (Server* server : {&recursive_, &first_, &second_}) {
    server->add("mail.shop.example", dns::record_type::txt, txt_rdata("v=spf1 ip4:192.0.2.1 ~all"));
    server->add("_dmarc.mail.shop.example", dns::record_type::cname, name_rdata("d.esp.example"));
  }
  Server provider(world_, "192.0.2.55");
  names_.add_address("ns.esp.example", provider.process.host());
  names_.add_txt("_dmarc.mail.shop.example", {dmarc});
  recursive_.add("_dmarc.mail.shop.example", dns::record_type::txt, txt_rdata(dmarc));
  recursive_.add("d.esp.example", dns::record_type::ns, name_rdata("ns.esp.example"));
  auto found = run(verify(vantage(), needs_, {}, soon()));
  ASSERT_TRUE(found) << found.error().describe();
  EXPECT_EQ(found->records[1].observations[0].difference, Difference::alias);
  provider.add("d.esp.example", dns::record_type::txt, txt_rdata(dmarc));
  found = run(verify(vantage(), needs_, {}, soon()));
  ASSERT_TRUE(found) << found.error().describe();
  EXPECT_TRUE(found->good()) << found->records[1].observations[0].words;
}

TEST_F(FlowsTest, follows_aliases_in_a_ring_only_so_far) {
  for (Server* server : {&recursive_, &first_, &second_}) {
    server->add("mail.shop.example", dns::record_type::txt, txt_rdata("v=spf1 ip4:192.0.2.1 ~all"));
    server->add("_dmarc.mail.shop.example", dns::record_type::cname,
                name_rdata("_dmarc.mail.shop.example"));
  }
  auto found = run(verify(vantage(), needs_, {}, soon()));
  ASSERT_TRUE(found) << found.error().describe();
  EXPECT_FALSE(found->good());
}

TEST_F(FlowsTest, measures_by_the_server_that_has_most) {
  publish_at(second_);
  first_.add("mail.shop.example", dns::record_type::txt, txt_rdata("v=spf1 ip4:198.51.100.1 -all"));
  auto found = run(verify(vantage(), needs_, {}, soon()));
  ASSERT_TRUE(found) << found.error().describe();
  EXPECT_FALSE(found->good());
  EXPECT_EQ(found->records[0].wanted.text, "v=spf1 ip4:192.0.2.1 ~all");
  EXPECT_EQ(found->records[0].observations[0].difference, Difference::behind);
}

TEST_F(FlowsTest, passes_over_a_server_that_is_down) {
  for (Server* server : {&recursive_, &first_}) publish_at(*server);
  world_.network().take_down(second_.process.host(), world_.now() + std::chrono::hours(1));
  auto found = run(verify(vantage(), needs_, {}, soon()));
  ASSERT_TRUE(found) << found.error().describe();
  EXPECT_TRUE(found->good());
  EXPECT_EQ(found->records[0].observations[1].difference, Difference::no_answer);
}

TEST_F(FlowsTest, passes_over_a_server_that_does_not_have_the_zone) {
  for (Server* server : {&recursive_, &first_}) publish_at(*server);
  second_.authoritative = false;
  auto found = run(verify(vantage(), needs_, {}, soon()));
  ASSERT_TRUE(found) << found.error().describe();
  EXPECT_TRUE(found->good());
  EXPECT_EQ(found->records[0].observations[1].difference, Difference::no_answer);
  first_.authoritative = false;
  auto made = update();
  ASSERT_FALSE(made) << "what it shows is nothing to build on";
  EXPECT_THAT(made.error().message(), HasSubstr("does not show what it has"));
}

TEST_F(FlowsTest, says_that_the_resolver_does_not_know_the_servers) {
  recursive_.refused = "mail.shop.example";
  auto found = run(verify(vantage(), needs_, {}, soon()));
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message(), HasSubstr("does not say which name servers"));
  EXPECT_THAT(found.error().message(), HasSubstr("code 5"));
}

TEST_F(FlowsTest, has_time_left_for_the_resolver_behind_many_that_are_silent) {
  for (Server* server : {&recursive_, &first_}) publish_at(*server);
  world_.network().take_down(second_.process.host(), world_.now() + std::chrono::hours(1));
  std::vector<NameServer> servers(8, {"", {second_.process.host(), 53}, false});
  servers.push_back({"", {first_.process.host(), 53}, false});
  const Instant deadline = client_.now() + std::chrono::seconds(20);
  auto found = run(verify(vantage(), needs_, servers, deadline));
  ASSERT_TRUE(found) << found.error().describe();
  EXPECT_TRUE(found->good());
  EXPECT_LT(client_.now(), deadline);
}

TEST_F(FlowsTest, fails_when_nobody_answers) {
  for (Server* server : {&recursive_, &first_, &second_})
    world_.network().take_down(server->process.host(), world_.now() + std::chrono::hours(1));
  EXPECT_FALSE(run(verify(vantage(), needs_, {}, soon())));
  const NameServer server{"", {first_.process.host(), 53}, false};
  auto found = run(verify(vantage(), needs_, {server}, soon()));
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message(), HasSubstr("no name server answers"));
}

TEST_F(FlowsTest, sends_what_is_missing_with_what_was_there) {
  first_.add("mail.shop.example", dns::record_type::txt, txt_rdata("v=spf1 mx -all"));
  first_.add("mail.shop.example", dns::record_type::txt, txt_rdata("site=1"));
  names_.add_mx("mail.shop.example", 1, "mail.shop.example");
  names_.add_address("mail.shop.example", *IpAddress::parse("198.51.100.1"));
  auto made = update();
  ASSERT_TRUE(made) << made.error().describe();
  EXPECT_EQ(made->update.zone, "shop.example");
  ASSERT_EQ(first_.updates.size(), 1u);
  const dns::Message& sent = first_.updates[0];
  // No alias and both texts; no alias and nothing.
  ASSERT_EQ(sent.answers.size(), 5u);
  EXPECT_EQ(sent.answers[2].rdata, txt_rdata("site=1"));
  ASSERT_EQ(sent.authorities.size(), 3u);
  EXPECT_EQ(sent.authorities[0].rdata, txt_rdata("v=spf1 mx -all"));
  EXPECT_EQ(sent.authorities[1].rdata, txt_rdata("v=spf1 mx ip4:192.0.2.1 -all"));
  EXPECT_EQ(sent.additionals.back().type, dns::record_type::tsig);
  ASSERT_TRUE(made->answer);
  EXPECT_EQ(made->answer->rcode, 9);
  // Whoever answers without the key has not done it.
  first_.update_rcode = 0;
  made = update();
  ASSERT_TRUE(made && made->answer);
  EXPECT_FALSE(made->answer->done());
}

TEST_F(FlowsTest, takes_nothing_of_a_wildcard_for_what_is_there) {
  first_.add("*.shop.example", dns::record_type::txt, txt_rdata("v=spf1 mx -all"));
  first_.add("*.mail.shop.example", dns::record_type::cname, name_rdata("web.shop.example"));
  auto made = update();
  ASSERT_TRUE(made) << made.error().describe();
  EXPECT_TRUE(made->plan.problems.empty());
  ASSERT_EQ(first_.updates.size(), 1u);
  // Of the name below the alias: no alias, and no TXT record.
  ASSERT_EQ(first_.updates[0].answers.size(), 2u);
  EXPECT_EQ(first_.updates[0].answers[1].record_class, dns::record_class::none);
}

TEST_F(FlowsTest, publishes_nothing_that_takes_what_a_wildcard_makes_from_the_domain) {
  first_.add("*.shop.example", dns::record_type::a, std::string("\x7f\0\0\1", 4));
  auto made = update();
  ASSERT_TRUE(made) << made.error().describe();
  ASSERT_EQ(made->plan.problems.size(), 1u);
  EXPECT_THAT(made->plan.problems[0], HasSubstr("makes the A of mail.shop.example"));
  EXPECT_TRUE(first_.updates.empty());
  first_.add("mail.shop.example", dns::record_type::a, std::string("\x7f\0\0\2", 4));
  made = update();
  ASSERT_TRUE(made) << made.error().describe();
  EXPECT_EQ(first_.updates.size(), 1u) << "it has its own";
}

TEST_F(FlowsTest, a_key_that_a_wildcard_shows_everywhere_blocks_no_selector) {
  first_.add("*._domainkey.mail.shop.example", dns::record_type::txt,
             txt_rdata("v=DKIM1; k=ed25519; p=AAqYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="));
  auto made = update();
  ASSERT_TRUE(made) << made.error().describe();
  EXPECT_TRUE(made->plan.problems.empty()) << made->plan.problems[0];
  EXPECT_EQ(first_.updates.size(), 1u);
}

TEST_F(FlowsTest, withdraws_a_key_only_where_it_was_told_what_is_there) {
  const std::vector<Key> keys{
      {"e1", "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}};
  first_.add("e1._domainkey.mail.shop.example", dns::record_type::txt, txt_rdata(keys[0].record));
  const Endpoint server{first_.process.host(), 53};
  first_.refused = "e1._domainkey.mail.shop.example";
  EXPECT_FALSE(run(withdraw_update(vantage(), needs_.domain, keys, server, key_, soon())));
  EXPECT_TRUE(first_.updates.empty());
  first_.refused.clear();
  auto made = run(withdraw_update(vantage(), needs_.domain, keys, server, key_, soon()));
  ASSERT_TRUE(made) << made.error().describe();
  EXPECT_EQ(made->update.changes.size(), 1u);
  EXPECT_EQ(first_.updates.size(), 1u);
}

TEST_F(FlowsTest, says_all_that_was_there) {
  constexpr size_t many = 100;
  for (size_t i = 0; i < many; ++i)
    first_.add("mail.shop.example", dns::record_type::txt, txt_rdata("site=" + std::to_string(i)));
  auto made = update();
  ASSERT_TRUE(made) << made.error().describe();
  ASSERT_FALSE(made->update.changes.empty());
  ASSERT_TRUE(made->update.changes[0].before);
  EXPECT_EQ(made->update.changes[0].before->size(), many);
}

TEST_F(FlowsTest, names_the_alias_that_an_update_would_fail_at) {
  first_.add("_dmarc.mail.shop.example", dns::record_type::cname, name_rdata("d.esp.example"));
  auto made = update();
  ASSERT_TRUE(made) << made.error().describe();
  ASSERT_EQ(made->plan.problems.size(), 1u);
  EXPECT_THAT(made->plan.problems[0], HasSubstr("A CNAME stands at _dmarc.mail.shop.example"));
  EXPECT_TRUE(made->update.changes.empty());
  EXPECT_TRUE(first_.updates.empty());
}

TEST_F(FlowsTest, sends_nothing_where_all_is_there_or_a_person_must_look_first) {
  publish_at(first_);
  auto made = update();
  ASSERT_TRUE(made);
  EXPECT_FALSE(made->answer);
  first_.add("mail.shop.example", dns::record_type::txt, txt_rdata("v=spf1 ip4:nothing -all"));
  made = update();
  ASSERT_TRUE(made);
  EXPECT_EQ(made->plan.problems.size(), 1u);
  EXPECT_TRUE(first_.updates.empty());
}

}  // namespace
}  // namespace waypost::publish
