#include "api/event_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/temporary_folder.h"
#include "tests/fakes/virtual_loop.h"

namespace waypost::api {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class Received final : public web::BodyStream {
 public:
  explicit Received(io::Loop& loop) : loop_(loop) {}
  io::Task<Result<void>> write(std::string octets) override {
    if (is_gone) co_return failure(ErrorCode::peer_gone, "gone");
    text += octets;
    co_return Result<void>();
  }
  io::Task<Result<void>> wait_until(Instant at) override {
    if (is_gone) co_return failure(ErrorCode::peer_gone, "gone");
    co_await io::sleep_until(loop_, at);
    co_return Result<void>();
  }
  std::string text;
  bool is_gone = false;

 private:
  io::Loop& loop_;
};

class EventFeedTest : public testing::Test {
 protected:
  EventFeedTest() {
    feed_.add_to(router_, access_);
    key_->tenant = "shop";
  }

  // Follows the events from `last_id` on.
  void follow(Received& to, const std::string& last_id = {}) {
    web::Request request;
    request.method = "GET";
    request.path = "/v1/events";
    if (!last_id.empty()) request.fields.emplace_back("last-event-id", last_id);
    const web::Router::Match match = router_.match(request);
    request.caller = Caller{key_};
    web::Response response = loop_.run(match.route->handler(request));
    ASSERT_EQ(response.code, 200u);
    streams_.push_back(std::make_shared<web::Response>(response));
    tasks_.start(streams_.back()->stream(to));
    loop_.advance(seconds(1));
  }
  void happens(const std::string& recipient, const std::string& tenant = "shop") {
    events::Event event;
    event.kind = events::EventKind::delivered;
    event.tenant = tenant;
    event.recipients = {recipient};
    feed_.heard(event);
    loop_.advance(seconds(1));
  }
  static std::string last_id(const Received& received) {
    const size_t at = received.text.rfind("\nid: ") + 5;
    return received.text.substr(at, received.text.find('\n', at) - at);
  }

  static io::Task<bool> say(bool answer) { co_return answer; }

  fakes::VirtualLoop loop_;
  io::TemporaryFolder folder_ = *io::TemporaryFolder::make("api-test");
  std::unique_ptr<records::Keys> keys_ = *records::Keys::open(folder_.path() + "/keys.db");
  std::unique_ptr<records::Admins> admins_ = *records::Admins::open(folder_.path() + "/admins.db");
  io::Worker worker_{"test"};
  Access access_{{loop_, worker_, *keys_, [](const auto&) {}, *admins_, worker_}};
  bool key_holds_ = true;
  EventFeed feed_{loop_, [this](Caller) { return say(key_holds_); }};
  web::Router router_;
  std::shared_ptr<records::Key> key_ = std::make_shared<records::Key>();
  std::vector<std::shared_ptr<web::Response>> streams_;
  io::TaskGroup tasks_;
};

TEST_F(EventFeedTest, tells_what_happens_to_the_mail_of_a_tenant) {
  happens("before@x.example");
  Received received(loop_);
  follow(received);
  happens("ann@x.example");
  happens("other@x.example", "another");
  EXPECT_THAT(received.text, HasSubstr("event: delivered\nid: "));
  EXPECT_THAT(received.text, HasSubstr("ann@x.example"));
  EXPECT_THAT(received.text, Not(HasSubstr("other@")));
  EXPECT_THAT(received.text, Not(HasSubstr("before@")));
}

TEST_F(EventFeedTest, goes_on_where_a_client_left_off) {
  Received first(loop_);
  follow(first);
  happens("one@x.example");
  first.is_gone = true;
  happens("two@x.example");
  Received again(loop_);
  follow(again, last_id(first));
  EXPECT_THAT(again.text, HasSubstr("two@x.example"));
  EXPECT_THAT(again.text, Not(HasSubstr("one@")));
  EXPECT_THAT(again.text, Not(HasSubstr("event: gap")));
  Received stranger(loop_);
  follow(stranger, "0000000000000000-7");
  EXPECT_THAT(stranger.text, HasSubstr("event: gap"));
  EXPECT_THAT(stranger.text, HasSubstr("one@x.example"));
}

TEST_F(EventFeedTest, keeps_so_many_events_and_says_what_was_missed) {
  Received first(loop_);
  follow(first);
  happens("one@x.example");
  const std::string id = last_id(first);
  for (int i = 0; i < 5100; ++i) feed_.heard(events::Event());
  Received late(loop_);
  follow(late, id);
  EXPECT_THAT(late.text, HasSubstr("event: gap"));
  EXPECT_THAT(late.text, HasSubstr("{\"missed\":100,\"restarted\":false}"));
}

TEST_F(EventFeedTest, keeps_so_many_octets) {
  Received first(loop_);
  follow(first);
  happens("one@x.example");
  const std::string id = last_id(first);
  events::Event large;
  large.reply = std::string(1 << 20, 'x');
  for (int i = 0; i < 40; ++i) feed_.heard(large);
  Received late(loop_);
  follow(late, id);
  EXPECT_THAT(late.text, HasSubstr("{\"missed\":9,\"restarted\":false}"));
}

TEST_F(EventFeedTest, ends_with_its_key) {
  Received received(loop_);
  follow(received);
  key_holds_ = false;
  loop_.advance(seconds(2));
  EXPECT_EQ(tasks_.running(), 0u);
  happens("after@x.example");
  EXPECT_THAT(received.text, Not(HasSubstr("after@")));
}

TEST_F(EventFeedTest, forgets_a_client_that_has_gone_before_anything_happens) {
  Received received(loop_);
  follow(received);
  received.is_gone = true;
  loop_.advance(seconds(1));
  EXPECT_EQ(tasks_.running(), 0u);
}

TEST_F(EventFeedTest, says_that_it_is_there_and_lets_go_at_the_end) {
  Received received(loop_);
  follow(received);
  loop_.advance(seconds(20));
  EXPECT_THAT(received.text, HasSubstr(": still here"));
  feed_.close();
  loop_.advance(seconds(1));
  EXPECT_EQ(tasks_.running(), 0u);
}

}  // namespace
}  // namespace waypost::api
