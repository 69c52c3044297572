#include "dns/unbound_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/memory_disk.h"
#include "tests/fakes/test_loop.h"
#include "tests/unit/dns/tiny_name_server.h"

namespace waypost::dns {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

// Port 9 of this host: nobody answers there, so that whatever is not local is seen to fail.
const Endpoint nowhere{IpAddress::v4({127, 0, 0, 1}), 9};

class UnboundResolverTest : public testing::Test {
 protected:
  void start(ResolverOptions options) {
    auto created = UnboundContext::create(options, disk_);
    ASSERT_TRUE(created) << created.error().describe();
    context_ = *std::move(created);
    resolver_ = make_resolver(*context_, loop_);
  }
  void start_lab(std::vector<std::string> records) { start({nowhere, std::move(records)}); }

  Result<MxAnswer> mx(std::string domain, Duration patience = seconds(5)) {
    return loop_.run(resolver_->mx(std::move(domain), loop_.in(patience)));
  }
  Result<AddressAnswer> addresses(std::string host, AddressFamily family = AddressFamily::v4) {
    return loop_.run(resolver_->addresses(std::move(host), family, loop_.in(seconds(5))));
  }

  fakes::TestLoop loop_;
  fakes::MemoryDisk disk_;
  std::unique_ptr<UnboundContext> context_;
  std::unique_ptr<Resolver> resolver_;
};

std::vector<std::string> texts(const AddressAnswer& answer) {
  std::vector<std::string> all;
  for (const IpAddress& address : answer.addresses) all.push_back(address.text());
  return all;
}

TEST_F(UnboundResolverTest, finds_what_the_records_say) {
  start_lab({"one.test. 300 MX 10 MX1.one.test.", "one.test. 300 MX 20 mx2.one.test.",
             "mx1.one.test. A 192.0.2.1", "mx1.one.test. A 192.0.2.2",
             "mx1.one.test. AAAA 2001:db8::1"});
  auto answer = mx("One.TEST.");
  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(answer->status, AnswerStatus::found);
  EXPECT_EQ(answer->canonical_name, "one.test");
  EXPECT_FALSE(answer->secure);
  EXPECT_EQ(answer->ttl, seconds(300));
  std::vector<std::string> hosts;
  for (const MxRecord& record : answer->records)
    hosts.push_back(std::to_string(record.preference) + " " + record.host);
  EXPECT_THAT(hosts, UnorderedElementsAre("10 mx1.one.test", "20 mx2.one.test"));
  EXPECT_THAT(texts(*addresses("mx1.one.test")), UnorderedElementsAre("192.0.2.1", "192.0.2.2"));
  EXPECT_THAT(texts(*addresses("mx1.one.test", AddressFamily::v6)), ElementsAre("2001:db8::1"));
}

TEST_F(UnboundResolverTest, finds_texts_and_the_names_of_addresses) {
  start_lab({"one.test. TXT \"v=spf1 \" \"-all\"", "one.test. TXT \"other\"",
             "a\\032\\043b.one.test. TXT \"odd\"", "1.2.0.192.in-addr.arpa. PTR MX1.one.test.",
             "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR "
             "mx6.one.test."});
  auto answer = loop_.run(resolver_->txt("one.test", loop_.in(seconds(5))));
  ASSERT_TRUE(answer) << answer.error().describe();
  std::vector<std::string> found;
  for (const TxtRecord& record : answer->records) found.push_back(record.joined());
  EXPECT_THAT(found, UnorderedElementsAre("v=spf1 -all", "other"));
  auto odd = loop_.run(resolver_->txt("A\\032\\043b.one.test", loop_.in(seconds(5))));
  ASSERT_TRUE(odd) << odd.error().describe();
  ASSERT_EQ(odd->records.size(), 1u);
  auto names = loop_.run(resolver_->ptr(*IpAddress::parse("192.0.2.1"), loop_.in(seconds(5))));
  ASSERT_TRUE(names) << names.error().describe();
  EXPECT_THAT(names->hosts, ElementsAre("mx1.one.test"));
  names = loop_.run(resolver_->ptr(*IpAddress::parse("2001:db8::1"), loop_.in(seconds(5))));
  ASSERT_TRUE(names) << names.error().describe();
  EXPECT_THAT(names->hosts, ElementsAre("mx6.one.test"));
}

TEST_F(UnboundResolverTest, tells_no_name_from_no_record) {
  start_lab({"one.test. MX 10 mx1.one.test.", "mx1.one.test. A 192.0.2.1"});
  EXPECT_EQ(mx("absent.test")->status, AnswerStatus::no_such_name);
  EXPECT_EQ(mx("deep.below.one.test")->status, AnswerStatus::no_such_name);
  EXPECT_EQ(addresses("one.test")->status, AnswerStatus::no_such_record);
  EXPECT_EQ(addresses("mx1.one.test", AddressFamily::v6)->status, AnswerStatus::no_such_record);
}

TEST_F(UnboundResolverTest, knows_the_null_mx) {
  start_lab({"quiet.test. MX 0 ."});
  auto answer = mx("quiet.test");
  ASSERT_EQ(answer->records.size(), 1u);
  EXPECT_EQ(answer->records[0].host, "");
  EXPECT_EQ(answer->records[0].preference, 0);
}

TEST_F(UnboundResolverTest, follows_an_alias_among_the_records) {
  start_lab({"alias.test. CNAME real.test.", "real.test. A 192.0.2.1",
             "lost.test. CNAME gone.test.", "round.test. CNAME trip.test.",
             "trip.test. CNAME round.test."});
  auto answer = addresses("alias.test");
  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_THAT(texts(*answer), ElementsAre("192.0.2.1"));
  EXPECT_EQ(answer->canonical_name, "real.test");
  EXPECT_EQ(addresses("lost.test")->status, AnswerStatus::no_such_name);
  auto endless = addresses("round.test");
  if (endless) {
    EXPECT_NE(endless->status, AnswerStatus::found);
  }
}

TEST_F(UnboundResolverTest, uses_64_records_at_most) {
  std::vector<std::string> records;
  for (int i = 0; i < 100; ++i) {
    records.push_back("many.test. A 192.0.2." + std::to_string(i));
    records.push_back("many.test. MX 10 mx" + std::to_string(i) + ".test.");
  }
  start_lab(records);
  EXPECT_EQ(addresses("many.test")->addresses.size(), 64u);
  EXPECT_EQ(mx("many.test")->records.size(), 64u);
}

TEST_F(UnboundResolverTest, misses_no_text_among_many) {
  std::vector<std::string> records;
  for (int i = 0; i < 300; ++i)
    records.push_back("many.test. TXT \"verification=" + std::to_string(i) + "\"");
  start_lab(records);
  auto answer = loop_.run(resolver_->txt("many.test", loop_.in(seconds(5))));
  ASSERT_TRUE(answer) << answer.error().describe();
  EXPECT_EQ(answer->records.size(), 300u);
}

TEST_F(UnboundResolverTest, asks_the_network_about_other_names_until_the_deadline) {
  start_lab({"one.test. A 192.0.2.1"});
  auto answer = mx("example.org", milliseconds(50));
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().code() == ErrorCode::timed_out ||
              answer.error().code() == ErrorCode::dns);
  // An answer that comes late finds nobody; the next question is not disturbed.
  EXPECT_EQ(addresses("one.test")->status, AnswerStatus::found);
}

TEST_F(UnboundResolverTest, asks_the_given_server_about_every_kind_of_name) {
  TinyNameServer server;
  start({server.endpoint(), {"one.lab. A 192.0.2.1"}});
  // "test" and private names are the server's business, too.
  for (std::string name : {"example.org", "box.test", "mail.home.arpa", "printer.lan"}) {
    auto answer = mx(name);
    ASSERT_TRUE(answer) << name << ": " << answer.error().describe();
    ASSERT_EQ(answer->records.size(), 1u) << name;
    EXPECT_EQ(answer->records[0].host, "mx." + name);
    EXPECT_THAT(texts(*addresses(name)), ElementsAre("192.0.2.53"));
  }
  EXPECT_EQ(mx("gone.example.org")->status, AnswerStatus::no_such_name);
  EXPECT_EQ(addresses("example.org", AddressFamily::v6)->status, AnswerStatus::no_such_record);
  auto failed = mx("fail.example.org", seconds(20));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::dns);
  EXPECT_THAT(failed.error().message(), HasSubstr("SERVFAIL"));
  server.hold(true);  // it is not asked about what is at hand
  EXPECT_EQ(mx("absent.lab")->status, AnswerStatus::no_such_name);
  EXPECT_EQ(addresses("one.lab")->status, AnswerStatus::found);
}

TEST_F(UnboundResolverTest, a_late_answer_finds_nobody_but_fills_the_cache) {
  TinyNameServer server;
  start({server.endpoint(), {}});
  server.hold(true);
  auto late = mx("example.org", milliseconds(20));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), ErrorCode::timed_out);
  server.hold(false);
  EXPECT_EQ(mx("example.org")->status, AnswerStatus::found);
  server.hold(true);  // nobody has to ask it again
  EXPECT_EQ(mx("example.org")->status, AnswerStatus::found);
}

TEST_F(UnboundResolverTest, drops_questions_that_nobody_waits_for) {
  start_lab({"one.test. A 192.0.2.1"});
  {
    io::TaskGroup group;
    auto ask = [](Resolver& resolver, Instant deadline) -> io::Task<void> {
      co_await resolver.mx("example.org", deadline);
    };
    for (int i = 0; i < 20; ++i) group.start(ask(*resolver_, loop_.in(seconds(5))));
    EXPECT_EQ(group.running(), 20u);
  }
  EXPECT_EQ(addresses("one.test")->status, AnswerStatus::found);
  resolver_.reset();
  context_.reset();
}

TEST_F(UnboundResolverTest, refuses_what_is_no_name) {
  start_lab({"one.test. A 192.0.2.1"});
  for (std::string name : {std::string(), std::string(254, 'a'), std::string("a b.test"),
                           std::string("a\\.b.test"), std::string("one.test\0x", 10)}) {
    auto answer = mx(name);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), ErrorCode::invalid_input);
  }
}

TEST_F(UnboundResolverTest, names_the_record_that_does_not_parse) {
  for (std::string record : {"one.test. A 999.0.2.1", "one.test. MX mx.test.", "one.test.", "",
                             "one.test. NONSENSE x", "bad..name A 192.0.2.1"}) {
    auto created = UnboundContext::create({nowhere, {"ok.test. A 192.0.2.1", record}}, disk_);
    ASSERT_FALSE(created) << record;
    EXPECT_EQ(created.error().code(), ErrorCode::invalid_input);
    EXPECT_THAT(created.error().describe(), HasSubstr("\"" + record + "\""));
  }
}

TEST_F(UnboundResolverTest, says_when_the_system_names_no_server) {
  disk_.files["/etc/resolv.conf"] = "search lan\n";
  auto created = UnboundContext::create({}, disk_);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code(), ErrorCode::dns);
  EXPECT_THAT(created.error().message(), HasSubstr("/etc/resolv.conf"));
}

TEST_F(UnboundResolverTest, knows_the_addresses_of_the_hosts_file) {
  disk_.files["/etc/resolv.conf"] = "nameserver 127.0.0.1\n";
  disk_.files["/etc/hosts"] = "192.0.2.7 relay.example\n";
  start({});
  EXPECT_THAT(texts(*addresses("relay.example")), ElementsAre("192.0.2.7"));
  // The file must not hide an MX: that question goes out, to nobody here.
  EXPECT_FALSE(mx("relay.example", milliseconds(30)));
}

}  // namespace
}  // namespace waypost::dns
