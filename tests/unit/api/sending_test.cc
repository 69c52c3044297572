#include "api/sending.h"

#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/asio_loop.h"
#include "io/task_group.h"
#include "records/sqlite.h"
#include "tests/fakes/recording_sink.h"
#include "tests/temporary_folder.h"
#include "tests/unit/intake/scripted_spool.h"

namespace waypost::api {
namespace {

using testing::ElementsAre;

constexpr const char* an_email =
    R"({"from":"a@b.example","to":"c@d.example","subject":"s","text":"t"})";

class SendingTest : public testing::Test {
 protected:
  SendingTest() { key_->name = "shop"; }

  web::Request request(std::string body, const std::string& path = "/v1/emails") {
    web::Request made;
    made.method = "POST";
    made.path = path;
    made.fields = {{"content-type", "application/json"}};
    made.body = std::move(body);
    made.caller = Caller{key_};
    return made;
  }
  web::Request named(const std::string& name) {
    web::Request made = request(an_email);
    made.fields.emplace_back("idempotency-key", name);
    return made;
  }
  // The answers to requests, one after the other; `between` runs after each. Once in a test.
  std::vector<web::Response> send(
      std::vector<web::Request> requests, const std::function<void()>& between = [] {}) {
    sending_.emplace(Sending::Services{loop_, intake_, spool_, worker_, *sent_,
                                       [this](const std::string& line) { log_ += line + "\n"; },
                                       clients_, [this] { return per_minute_; }, local_});
    sending_->add_to(router_, access_);
    std::vector<web::Response> answers;
    io::TaskGroup tasks;
    loop_.post([&] { tasks.start(send_all(requests, between, answers)); });
    loop_.run();
    return answers;
  }
  static std::vector<unsigned> codes(const std::vector<web::Response>& answers) {
    std::vector<unsigned> all;
    for (const web::Response& answer : answers) all.push_back(answer.code);
    return all;
  }

  test::TemporaryFolder folder_;
  io::AsioLoop loop_;
  std::unique_ptr<records::Keys> keys_ = *records::Keys::open(folder_ / "keys.db");
  std::unique_ptr<records::Admins> admins_ = *records::Admins::open(folder_ / "admins.db");
  std::unique_ptr<records::SentRequests> sent_ =
      *records::SentRequests::open(folder_ / "requests.db");
  io::Worker worker_{"test"};
  Access access_{{loop_, worker_, *keys_, [](const auto&) {}, *admins_, worker_}};
  intake::ScriptedSpool spool_;
  fakes::RecordingSink sink_;
  intake::Intake intake_{intake::Services{loop_, spool_, sink_}, intake::Limits(), "relay.example"};
  submission::Clients clients_;
  unsigned per_minute_ = 0;
  std::optional<submission::LocalMailboxes> local_;
  std::string log_;
  std::shared_ptr<records::Key> key_ = std::make_shared<records::Key>();
  web::Router router_;
  std::optional<Sending> sending_;

 private:
  io::Task<void> send_all(std::vector<web::Request>& requests, const std::function<void()>& between,
                          std::vector<web::Response>& answers) {
    for (web::Request& one : requests) {
      const web::Router::Match match = router_.match(one);
      web::Response answer = co_await match.route->handler(std::move(one));
      answers.push_back(std::move(answer));
      between();
    }
    loop_.stop();
  }
};

TEST_F(SendingTest, holds_a_key_to_its_messages_a_minute) {
  per_minute_ = 3;
  const std::string two = std::string("[") + an_email + "," + an_email + "]";
  const auto answers =
      send({request(an_email), request(two, "/v1/emails/batch"), request(an_email), named("n")});
  EXPECT_THAT(codes(answers), ElementsAre(200, 200, 429, 429));
  EXPECT_THAT(answers[2].fields,
              testing::Contains(std::pair<std::string, std::string>("Retry-After", "20")));
  EXPECT_EQ(spool_.messages.size(), 3u);
}

TEST_F(SendingTest, takes_no_empty_name_and_no_more_recipients_than_there_may_be) {
  intake::Limits limits;
  limits.recipients_max = 1;
  intake_.reconfigure(limits, "relay.example");
  const auto answers = send({
      named(""),
      request(R"({"from":"a@b.example","to":"c@d.example","cc":"e@d.example","subject":"s",
                  "text":"t"})"),
      request(an_email),
  });
  EXPECT_THAT(codes(answers), ElementsAre(400, 422, 200));
}

TEST_F(SendingTest, asks_those_domains_that_are_ours_as_smtp_does) {
  local_ = submission::LocalMailboxes{[](std::string_view domain) { return domain == "d.example"; },
                                      [](const smtp::Mailbox&) {
                                        return smtp::reply(550, {5, 1, 1}, "No such address");
                                      }};
  const auto answers = send({request(an_email), named("one")});
  EXPECT_THAT(codes(answers), ElementsAre(422, 422));
  EXPECT_THAT(answers[0].body, testing::HasSubstr("No such address"));
  EXPECT_TRUE(spool_.messages.empty());
}

TEST_F(SendingTest, keeps_the_name_of_what_may_be_on_the_disk) {
  const Error trouble(ErrorCode::resource_exhausted, "full");
  spool_.commit_failure = trouble;
  size_t answered = 0;
  const auto answers = send({named("full"), named("full"), named("lost"), named("lost")}, [&] {
    ++answered;
    spool_.commit_failure.reset();
    spool_.breaks = answered == 2;
    spool_.is_healthy = true;
  });
  EXPECT_THAT(codes(answers), ElementsAre(503, 200, 503, 409));
}

TEST_F(SendingTest, gives_an_answer_again_that_could_not_be_written_down) {
  auto beside = records::Database::open(folder_ / "requests.db");
  ASSERT_TRUE(beside);
  ASSERT_TRUE(
      beside->execute("CREATE TRIGGER full BEFORE UPDATE ON requests BEGIN "
                      "SELECT RAISE(FAIL, 'full'); END"));
  size_t answered = 0;
  const auto answers = send({named("one"), named("one"), named("two"), named("one")}, [&] {
    if (++answered != 2) return;
    EXPECT_TRUE(beside->execute("DROP TRIGGER full"));
  });
  EXPECT_THAT(codes(answers), ElementsAre(200, 200, 200, 200));
  EXPECT_EQ(answers[1].body, answers[0].body);
  EXPECT_EQ(answers[3].body, answers[0].body);
  EXPECT_NE(answers[2].body, answers[0].body);
  EXPECT_EQ(spool_.messages.size(), 2u);
  EXPECT_THAT(log_, testing::HasSubstr("is not kept"));
}

}  // namespace
}  // namespace waypost::api
