#include "dns/memory_resolver.h"

#include <gtest/gtest.h>

#include "tests/fakes/test_loop.h"

namespace waypost::dns {
namespace {

using std::chrono::milliseconds;

class MemoryResolverTest : public testing::Test {
 protected:
  Result<MxAnswer> mx(std::string domain, Duration patience = std::chrono::seconds(5)) {
    return loop_.run(resolver_.mx(std::move(domain), loop_.in(patience)));
  }
  Result<AddressAnswer> addresses(std::string host, AddressFamily family) {
    return loop_.run(
        resolver_.addresses(std::move(host), family, loop_.in(std::chrono::seconds(5))));
  }

  fakes::TestLoop loop_;
  MemoryResolver resolver_{loop_};
};

TEST_F(MemoryResolverTest, answers_from_its_table) {
  resolver_.add_mx("Example.NET.", 10, "MX.example.net.");
  resolver_.add_address("mx.example.net", *IpAddress::parse("192.0.2.1"));
  resolver_.add_address("mx.example.net", *IpAddress::parse("2001:db8::1"));
  auto answer = mx("example.net");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, AnswerStatus::found);
  ASSERT_EQ(answer->records.size(), 1u);
  EXPECT_EQ(answer->records[0].host, "mx.example.net");
  EXPECT_EQ(addresses("mx.example.net", AddressFamily::v6)->addresses[0].text(), "2001:db8::1");
  EXPECT_EQ(addresses("mx.example.net", AddressFamily::v4)->addresses.size(), 1u);
  EXPECT_EQ(addresses("example.net", AddressFamily::v4)->status, AnswerStatus::no_such_record);
  EXPECT_EQ(mx("absent.example")->status, AnswerStatus::no_such_name);
  EXPECT_FALSE(mx("no name"));
}

TEST_F(MemoryResolverTest, knows_texts_and_the_names_of_addresses) {
  resolver_.add_txt("Example.net", {"v=spf1 ", "-all"});
  resolver_.add_txt("a\\032b.example.net", {"odd"});
  resolver_.add_ptr("1.2.0.192.in-addr.arpa", "MX.example.net.");
  auto text = loop_.run(resolver_.txt("example.NET.", loop_.in(std::chrono::seconds(5))));
  ASSERT_TRUE(text);
  ASSERT_EQ(text->records.size(), 1u);
  EXPECT_EQ(text->records[0].strings.size(), 2u);
  EXPECT_EQ(text->records[0].joined(), "v=spf1 -all");
  auto odd = loop_.run(resolver_.txt("A\\032B.example.net", loop_.in(std::chrono::seconds(5))));
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->status, AnswerStatus::found);
  auto name =
      loop_.run(resolver_.ptr(*IpAddress::parse("192.0.2.1"), loop_.in(std::chrono::seconds(5))));
  ASSERT_TRUE(name);
  ASSERT_EQ(name->hosts.size(), 1u);
  EXPECT_EQ(name->hosts[0], "mx.example.net");
  EXPECT_EQ(mx("1.2.0.192.in-addr.arpa")->status, AnswerStatus::no_such_record);
}

TEST_F(MemoryResolverTest, knows_where_services_are) {
  resolver_.add_srv("_submission._tcp.Example.net", {10, 1, 587, "Mail.example.net."});
  auto srv = [this](const char* service) {
    return loop_.run(resolver_.srv(service, loop_.in(std::chrono::seconds(5))));
  };
  auto found = srv("_submission._tcp.example.net");
  ASSERT_TRUE(found);
  ASSERT_EQ(found->records.size(), 1u);
  EXPECT_EQ(found->records[0].host, "mail.example.net");
  EXPECT_EQ(found->records[0].port, 587);
  EXPECT_EQ(srv("_submissions._tcp.example.net")->status, AnswerStatus::no_such_name);
}

TEST_F(MemoryResolverTest, fails_as_told_until_it_heals) {
  resolver_.set_failure("example.net", Error(ErrorCode::dns, "SERVFAIL"));
  auto failed = mx("example.net");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::dns);
  resolver_.clear_failure("example.net");
  EXPECT_EQ(mx("example.net")->status, AnswerStatus::no_such_name);
}

TEST_F(MemoryResolverTest, takes_its_time) {
  resolver_.add_mx("example.net", 10, "mx.example.net");
  resolver_.set_latency(milliseconds(20));
  Instant before = loop_.now();
  EXPECT_TRUE(mx("example.net"));
  EXPECT_GE(loop_.now() - before, milliseconds(20));
  auto late = mx("example.net", milliseconds(5));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), ErrorCode::timed_out);
}

}  // namespace
}  // namespace waypost::dns
