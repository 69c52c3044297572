#include "dns/caching_resolver.h"

#include <gtest/gtest.h>

#include "dns/memory_resolver.h"
#include "tests/fakes/test_loop.h"

namespace waypost::dns {
namespace {

using std::chrono::seconds;

class CachingResolverTest : public testing::Test {
 protected:
  Result<TxtAnswer> txt(std::string name) {
    return loop_.run(resolver_.txt(std::move(name), loop_.in(seconds(5))));
  }

  fakes::TestLoop loop_;
  MemoryResolver inner_{loop_};
  CachingResolver resolver_{inner_, loop_, 3};
};

TEST_F(CachingResolverTest, answers_again_without_asking) {
  inner_.add_txt("example.net", {"one"});
  inner_.add_mx("example.net", 10, "mx.example.net");
  inner_.add_address("example.net", *IpAddress::parse("192.0.2.1"));
  ASSERT_EQ(txt("Example.NET.")->records.size(), 1u);
  inner_.set_failure("example.net", Error(ErrorCode::dns, "SERVFAIL"));
  EXPECT_EQ(txt("example.net")->records.at(0).joined(), "one");
  // Another type is another question.
  EXPECT_FALSE(loop_.run(resolver_.mx("example.net", loop_.in(seconds(5)))));
  inner_.clear_failure("example.net");
  EXPECT_TRUE(loop_.run(resolver_.mx("example.net", loop_.in(seconds(5)))));
  auto v6 = loop_.run(resolver_.addresses("example.net", AddressFamily::v6, loop_.in(seconds(5))));
  auto v4 = loop_.run(resolver_.addresses("example.net", AddressFamily::v4, loop_.in(seconds(5))));
  EXPECT_EQ(v6->status, AnswerStatus::no_such_record);
  EXPECT_EQ(v4->addresses.size(), 1u);
}

TEST_F(CachingResolverTest, keeps_where_a_service_is) {
  inner_.add_srv("_submission._tcp.example.net", {0, 1, 587, "mail.example.net"});
  auto srv = [&] {
    return loop_.run(resolver_.srv("_Submission._tcp.Example.net", loop_.in(seconds(5))));
  };
  ASSERT_TRUE(srv());
  inner_.set_failure("_submission._tcp.example.net", Error(ErrorCode::dns, "SERVFAIL"));
  auto again = srv();
  ASSERT_TRUE(again);
  ASSERT_EQ(again->records.size(), 1u);
  EXPECT_EQ(again->records[0].host, "mail.example.net");
}

// Answers a new text each time, which may be kept for 20 milliseconds.
class ShortLived final : public Resolver {
 public:
  io::Task<Result<MxAnswer>> mx(std::string, Instant) override { co_return MxAnswer(); }
  io::Task<Result<AddressAnswer>> addresses(std::string, AddressFamily, Instant) override {
    co_return AddressAnswer();
  }
  io::Task<Result<TxtAnswer>> txt(std::string, Instant) override {
    TxtAnswer answer;
    answer.status = AnswerStatus::found;
    answer.ttl = std::chrono::milliseconds(20);
    answer.records.push_back({{std::to_string(++asked_)}});
    co_return answer;
  }
  io::Task<Result<PtrAnswer>> ptr(IpAddress, Instant) override { co_return PtrAnswer(); }
  io::Task<Result<SrvAnswer>> srv(std::string, Instant) override { co_return SrvAnswer(); }

 private:
  int asked_ = 0;
};

TEST(CachingResolver, asks_again_when_an_answer_has_had_its_time) {
  fakes::TestLoop loop;
  ShortLived inner;
  CachingResolver resolver(inner, loop, 10);
  auto text = [&] {
    return loop.run(resolver.txt("example.net", loop.in(seconds(5))))->records.at(0).joined();
  };
  EXPECT_EQ(text(), "1");
  auto wait = [](io::Loop& on) -> io::Task<bool> {
    co_await io::sleep_until(on, on.now() + std::chrono::milliseconds(25));
    co_return true;
  };
  loop.run(wait(loop));
  EXPECT_EQ(text(), "2");
  EXPECT_EQ(resolver.size(), 1u);
}

TEST_F(CachingResolverTest, keeps_no_failure_and_forgets_what_was_not_used) {
  inner_.set_failure("a.example", Error(ErrorCode::timed_out, "no answer"));
  EXPECT_FALSE(txt("a.example"));
  EXPECT_EQ(resolver_.size(), 0u);
  inner_.clear_failure("a.example");
  for (std::string name : {"a.example", "b.example", "c.example", "a.example", "d.example"})
    EXPECT_EQ(txt(name)->status, AnswerStatus::no_such_name);
  EXPECT_EQ(resolver_.size(), 3u);
  inner_.add_txt("a.example", {"new"});
  inner_.add_txt("b.example", {"new"});
  EXPECT_EQ(txt("a.example")->status, AnswerStatus::no_such_name) << "used after b";
  EXPECT_EQ(txt("b.example")->status, AnswerStatus::found) << "the one that was forgotten";
}

}  // namespace
}  // namespace waypost::dns
