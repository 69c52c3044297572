#include "oauth/introspector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/task_group.h"
#include "io/timer.h"
#include "tests/fakes/virtual_loop.h"

namespace waypost::oauth {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

const std::string ann = R"("aud":"waypost","email":"ann@example.com")";
const std::string active = R"({"active":true,)" + ann + "}";

class IntrospectorTest : public testing::Test {
 protected:
  IntrospectorTest() { response_.body = active; }

  Introspector& introspector() {
    if (!introspector_) {
      Introspector::Settings settings;
      settings.url = *base::HttpUrl::parse("https://login.example.com/introspect");
      settings.client_id = "way post";
      settings.client_secret = Secret("s:cret");
      settings.rules = rules_;
      settings.cache_for = cache_for_;
      settings.cached_max = 2;
      settings.questions_max = 2;
      introspector_ = std::make_unique<Introspector>(
          loop_, std::move(settings),
          [this](base::HttpUrl, web::Request request, Instant) { return ask(std::move(request)); },
          [this](std::optional<std::string> trouble) { told_.push_back(trouble.value_or("")); });
    }
    return *introspector_;
  }
  io::Task<Result<web::Response>> ask(web::Request request) {
    asked_.push_back(std::move(request));
    const Result<web::Response> response =
        failure_ ? Result<web::Response>(failure(*failure_)) : Result<web::Response>(response_);
    if (latency_ > Duration(0)) co_await io::sleep_until(loop_, loop_.now() + latency_);
    co_return response;
  }
  // "ann@example.com", or why not.
  static std::string words(const Result<Bearer>& bearer) {
    if (bearer) return bearer->login;
    const bool is_verdict = bearer.error().code() == ErrorCode::permission_denied;
    return (is_verdict ? "" : "no verdict: ") + bearer.error().describe();
  }
  std::string check(const std::string& token = "opaque", const std::string& name = "") {
    return words(loop_.run(introspector().check(name, Secret(token))));
  }
  std::string check_answer(const std::string& fields) {
    response_.body = "{" + fields + "}";
    return check("token " + std::to_string(asked_.size()));
  }
  // Begins a check that has to wait for its answer.
  void begin(const std::string& token) {
    const auto keep = [](io::Task<Result<Bearer>> task,
                         std::vector<std::string>& into) -> io::Task<void> {
      Result<Bearer> bearer = co_await std::move(task);
      into.push_back(words(bearer));
    };
    tasks_.start(keep(introspector().check("", Secret(token)), verdicts_));
    loop_.settle();
  }

  fakes::VirtualLoop loop_;
  Rules rules_{"https://login.example.com", {"waypost"}, "", "email", "", seconds(60)};
  Duration cache_for_ = minutes(1);
  web::Response response_;
  std::optional<Error> failure_;
  Duration latency_{0};
  std::vector<web::Request> asked_;
  std::vector<std::string> told_;
  std::vector<std::string> verdicts_;
  std::unique_ptr<Introspector> introspector_;
  io::TaskGroup tasks_;
};

TEST_F(IntrospectorTest, asks_the_issuer_as_the_client_that_it_knows) {
  EXPECT_EQ(check("a+b/c="), "ann@example.com");
  ASSERT_THAT(asked_, SizeIs(1));
  EXPECT_EQ(asked_[0].method, "POST");
  EXPECT_EQ(asked_[0].body, "token=a%2Bb%2Fc%3D&token_type_hint=access_token");
  EXPECT_EQ(asked_[0].fields[2], std::pair(std::string("Authorization"),
                                           std::string("Basic d2F5JTIwcG9zdDpzJTNBY3JldA==")));
}

TEST_F(IntrospectorTest, takes_only_an_active_token_for_this_relay) {
  EXPECT_EQ(check_answer(R"("active":false)"),
            "its issuer says that it is not, or no longer, active");
  EXPECT_EQ(check_answer(R"("active":true,"email":"ann@example.com")"),
            "it is for another audience");
  EXPECT_EQ(check_answer(R"("active":true,"aud":"other","email":"ann@example.com")"),
            "it is for another audience");
  EXPECT_EQ(check_answer(R"("active":true,"iss":"https://other.example",)" + ann),
            "it is from another issuer");
  EXPECT_EQ(check_answer(R"("active":true,"token_type":"DPoP",)" + ann), "it is no bearer token");
  EXPECT_EQ(check_answer(R"("active":true,"token_type":"bearer",)" + ann), "ann@example.com");
  EXPECT_EQ(check_answer(R"("active":true,"aud":"waypost")"), "it does not name a login");
  EXPECT_EQ(check_answer(R"("active":true,"email_verified":false,)" + ann),
            "its address is not verified");
  EXPECT_THAT(told_, testing::Each("")) << "these are answers";
}

TEST_F(IntrospectorTest, keeps_to_the_time_that_the_issuer_names) {
  const auto at = [&](seconds from_now) {
    const auto moment = loop_.wall_now().time_since_epoch() + from_now;
    return std::to_string(std::chrono::duration_cast<seconds>(moment).count());
  };
  EXPECT_EQ(check_answer(R"("active":true,"exp":)" + at(seconds(-61)) + "," + ann),
            "it has expired");
  EXPECT_EQ(check_answer(R"("active":true,"nbf":)" + at(seconds(61)) + "," + ann),
            "it does not hold yet");
  EXPECT_EQ(check_answer(R"("active":true,"exp":"soon",)" + ann),
            "it does not say when it expires");
}

TEST_F(IntrospectorTest, has_the_login_be_the_one_that_the_client_says) {
  EXPECT_EQ(check("opaque", "Ann@example.com"), "ann@example.com");
  EXPECT_EQ(check("opaque", "bob@example.com"), "it is another login's");
  EXPECT_THAT(asked_, SizeIs(1)) << "also where the answer is known";
}

TEST_F(IntrospectorTest, gives_no_verdict_where_nobody_answers_as_an_issuer_does) {
  failure_ = Error(ErrorCode::timed_out, "nothing came");
  EXPECT_EQ(check(), "no verdict: nothing came");
  failure_.reset();
  for (const char* body :
       {"", "<html>", "[]", "{}", R"({"active":"true"})", R"({"active":null})"}) {
    response_.body = body;
    EXPECT_THAT(check(), HasSubstr("no verdict: its answer does not say")) << body;
  }
  response_.body = active;
  for (unsigned code : {201u, 302u, 400u, 401u, 500u, 503u}) {
    response_.code = code;
    EXPECT_THAT(check(), HasSubstr("no verdict: it answered " + std::to_string(code)));
  }
  EXPECT_THAT(told_.back(), HasSubstr("asking login.example.com"));
  response_.code = 200;
  EXPECT_EQ(check(), "ann@example.com");
  EXPECT_EQ(told_.back(), "") << "well again";
}

TEST_F(IntrospectorTest, keeps_what_was_said_of_a_good_token_for_its_time) {
  EXPECT_EQ(check(), "ann@example.com");
  response_.body = R"({"active":false})";
  loop_.advance(seconds(59));
  EXPECT_EQ(check(), "ann@example.com");
  EXPECT_THAT(check("another"), HasSubstr("active"));
  loop_.advance(seconds(1));
  EXPECT_THAT(check(), HasSubstr("active"));
}

TEST_F(IntrospectorTest, keeps_nothing_past_the_end_of_the_token) {
  const auto expires = loop_.wall_now().time_since_epoch() + seconds(10);
  response_.body = R"({"active":true,"exp":)" +
                   std::to_string(std::chrono::duration_cast<seconds>(expires).count()) + "," +
                   ann + "}";
  check();
  loop_.advance(seconds(9));
  check();
  EXPECT_THAT(asked_, SizeIs(1));
  loop_.advance(seconds(1));
  EXPECT_EQ(check(), "ann@example.com") << "the clocks may differ";
  check();
  EXPECT_THAT(asked_, SizeIs(3)) << "and then it is kept no more";
}

TEST_F(IntrospectorTest, keeps_nothing_at_all_where_that_is_configured) {
  cache_for_ = Duration(0);
  check();
  check();
  EXPECT_THAT(asked_, SizeIs(2));
}

TEST_F(IntrospectorTest, keeps_nothing_of_tokens_that_are_no_good) {
  check("one");
  check("two");
  response_.body = R"({"active":false})";
  for (int i = 0; i < 10; ++i) check("made up " + std::to_string(i));
  asked_.clear();
  EXPECT_EQ(check("one"), "ann@example.com");
  EXPECT_EQ(check("two"), "ann@example.com");
  EXPECT_THAT(asked_, SizeIs(0));
}

TEST_F(IntrospectorTest, forgets_the_oldest_where_it_knows_too_many) {
  for (const char* token : {"one", "two", "three"}) check(token);
  asked_.clear();
  check("two");
  check("three");
  EXPECT_THAT(asked_, SizeIs(0));
  check("one");
  EXPECT_THAT(asked_, SizeIs(1));
}

TEST_F(IntrospectorTest, asks_once_for_all_who_show_the_same_token) {
  latency_ = seconds(1);
  for (int i = 0; i < 5; ++i) begin("opaque");
  EXPECT_THAT(asked_, SizeIs(1));
  loop_.advance(seconds(1));
  EXPECT_EQ(verdicts_, std::vector<std::string>(5, "ann@example.com"));
}

TEST_F(IntrospectorTest, has_few_questions_on_their_way) {
  latency_ = seconds(1);
  for (const char* token : {"one", "two", "three"}) begin(token);
  EXPECT_THAT(verdicts_, ElementsAre(HasSubstr("no verdict: too many")));
  loop_.advance(seconds(1));
  EXPECT_THAT(verdicts_, SizeIs(3));
  begin("three");
  EXPECT_THAT(asked_, SizeIs(3)) << "there is room again";
  loop_.advance(seconds(1));
}

TEST_F(IntrospectorTest, does_not_ask_about_what_is_too_long_for_a_token) {
  EXPECT_EQ(check(std::string(9000, 'x')), "it is too long");
  EXPECT_THAT(asked_, SizeIs(0));
}

}  // namespace
}  // namespace waypost::oauth
