#include "api/key_pages.h"

#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/asio_loop.h"
#include "io/task_group.h"
#include "tests/temporary_folder.h"

namespace waypost::api {
namespace {

using records::Scope;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class KeyPagesTest : public testing::Test {
 protected:
  KeyPagesTest() {
    asker_->name = "desk";
    asker_->scopes = {Scope::send, Scope::admin};
    pages_.add_to(router_);
  }
  web::Request request(std::string method, std::string path, std::string body = {}) {
    web::Request made;
    made.method = std::move(method);
    made.path = std::move(path);
    made.body = std::move(body);
    made.caller = Caller{asker_};
    return made;
  }
  web::Request wish(std::string body) { return request("POST", "/v1/api-keys", std::move(body)); }
  // One after the other. Once in a test.
  std::vector<web::Response> ask(std::vector<web::Request> requests) {
    std::vector<web::Response> answers;
    io::TaskGroup tasks;
    loop_.post([&] { tasks.start(ask_all(requests, answers)); });
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
  io::Worker worker_{"test"};
  Access access_{{loop_, worker_, *keys_, [](const auto&) {}, *admins_, worker_}};
  std::string log_;
  KeyPages pages_{
      {loop_, worker_, *keys_, [this](const std::string& line) { log_ += line + "\n"; }, access_}};
  std::shared_ptr<records::Key> asker_ = std::make_shared<records::Key>();
  web::Router router_;

 private:
  io::Task<void> ask_all(std::vector<web::Request>& requests, std::vector<web::Response>& answers) {
    for (web::Request& one : requests) {
      const web::Router::Match match = router_.match(one);
      web::Response answer = co_await match.route->handler(std::move(one));
      answers.push_back(std::move(answer));
    }
    loop_.stop();
  }
};

TEST_F(KeyPagesTest, make_a_key_show_its_secret_once_and_revoke_it) {
  const auto answers =
      ask({wish(R"({"name":"shop","domains":["Shop.example","*.shop.example"]})"),
           request("GET", "/v1/api-keys"), wish(R"({"name":"shop","any_sender":true})"),
           request("DELETE", "/v1/api-keys/shop"), request("DELETE", "/v1/api-keys/other")});
  EXPECT_THAT(codes(answers), ElementsAre(200, 200, 409, 200, 404));
  const auto made = boost::json::parse(answers[0].body).as_object();
  const std::string token(made.at("token").as_string());
  EXPECT_THAT(answers[0].body, HasSubstr(R"("domains":["shop.example","*.shop.example"])"));
  EXPECT_THAT(answers[1].body, Not(HasSubstr(token)));
  EXPECT_THAT(answers[1].body, HasSubstr(R"("name":"shop")"));
  EXPECT_THAT(log_, HasSubstr("the key desk made the key shop"));
  EXPECT_THAT(log_, HasSubstr("the key desk revoked the key shop"));
  EXPECT_THAT(log_, Not(HasSubstr(token)));
  EXPECT_FALSE(*keys_->find(token)) << "it was revoked";
}

TEST_F(KeyPagesTest, make_none_that_may_more_than_who_asks) {
  asker_->sender_domains = {"shop.example", "*.mail.example"};
  const auto answers = ask({
      wish(R"({"name":"a","domains":"shop.example","scopes":["send","read","admin"]})"),
      wish(R"({"name":"b","domains":["a.mail.example","*.a.mail.example","*.mail.example"]})"),
      wish(R"({"name":"c","any_sender":true})"),
      wish(R"({"name":"d","domains":"bank.example"})"),
      wish(R"({"name":"e","domains":"*.shop.example"})"),
      wish(R"({"name":"f","domains":["shop.example","*.example"]})"),
      wish(R"({"name":"g","domains":"mail.example","scopes":"read"})"),
  });
  EXPECT_THAT(codes(answers), ElementsAre(200, 200, 403, 403, 403, 403, 403));
  EXPECT_EQ((*keys_->list()).size(), 2u);
}

TEST_F(KeyPagesTest, keep_to_the_scopes_of_who_asks) {
  asker_->scopes = {Scope::admin};
  const auto answers = ask({wish(R"({"name":"a","any_sender":true})"),
                            wish(R"({"name":"b","any_sender":true,"scopes":["read","admin"]})")});
  EXPECT_THAT(codes(answers), ElementsAre(403, 200));
}

TEST_F(KeyPagesTest, refuse_what_is_no_key) {
  const auto answers = ask({
      wish("[]"),
      wish(R"({"any_sender":true})"),
      wish(R"({"name":"a"})"),
      wish(R"({"name":"a b","any_sender":true})"),
      wish(R"({"name":"a","any_sender":true,"domains":"x.example"})"),
      wish(R"({"name":"a","any_sender":true,"scopes":["all"]})"),
      wish(R"({"name":"a","any_sender":true,"more":1})"),
  });
  EXPECT_THAT(codes(answers), ElementsAre(400, 422, 422, 422, 422, 422, 422));
  EXPECT_TRUE(keys_->list()->empty());
}

TEST_F(KeyPagesTest, name_the_field_that_is_wrong) {
  const auto answers = ask({
      wish(R"({"name":"a b","tenant":"","stream":"x@y","any_sender":true})"),
      wish(R"({"name":7,"domains":["x.example","no_domain/"]})"),
      wish(R"({"name":"a","any_sender":true})"),
      wish(R"({"name":"a","any_sender":true})"),
  });
  EXPECT_THAT(codes(answers), ElementsAre(422, 422, 200, 409));
  const auto fields_of = [](const web::Response& answer) {
    std::vector<std::string> fields;
    const boost::json::value problem = boost::json::parse(answer.body);
    for (const auto& each : problem.at("errors").as_array())
      fields.emplace_back(each.at("field").as_string());
    return fields;
  };
  EXPECT_THAT(fields_of(answers[0]), ElementsAre("name", "tenant", "stream"));
  EXPECT_THAT(answers[0].body, HasSubstr("cannot be the stream of a key"));
  EXPECT_THAT(fields_of(answers[1]), ElementsAre("name", "domains"));
  EXPECT_THAT(fields_of(answers[3]), ElementsAre("name"));
}

}  // namespace
}  // namespace waypost::api
