#include "api/access.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/asio_loop.h"
#include "io/rng.h"
#include "io/task_group.h"
#include "tests/temporary_folder.h"

namespace waypost::api {
namespace {

io::Task<web::Response> say_yes(web::Request) { co_return web::Response{.body = "yes"}; }

class AccessTest : public testing::Test {
 protected:
  // What the guard of a route that wants the scope `read` says to requests with those keys, one
  // after the other. Once in a test.
  std::vector<unsigned> ask(const std::vector<std::string>& secrets) {
    std::vector<unsigned> codes;
    io::TaskGroup tasks;
    loop_.post([&] { tasks.start(ask_all(secrets, codes)); });
    loop_.run();
    return codes;
  }
  std::string make_key(const std::string& name) {
    return *keys_->create(name, "shop", "bulk", WallTime(), rng_, {}, {records::Scope::read});
  }

  test::TemporaryFolder folder_;
  io::SystemRng rng_;
  std::unique_ptr<records::Keys> keys_ = *records::Keys::open(folder_ / "keys.db");
  std::unique_ptr<records::Admins> admins_ = *records::Admins::open(folder_ / "admins.db");
  io::AsioLoop loop_;
  io::Worker worker_{"test"};
  Access access_{{loop_, worker_, *keys_, [](const auto&) {}, *admins_, worker_}};
  web::Router::Route route_ = access_.route(records::Scope::read, say_yes);

 private:
  io::Task<void> ask_all(const std::vector<std::string>& secrets, std::vector<unsigned>& codes) {
    for (const std::string& secret : secrets) {
      web::Request head;
      if (!secret.empty()) head.fields.emplace_back("authorization", "Bearer " + secret);
      std::optional<web::Response> refusal = co_await route_.guard(head);
      codes.push_back(refusal ? refusal->code : 200);
    }
    loop_.stop();
  }
};

TEST_F(AccessTest, holds_back_who_guesses_and_nobody_else) {
  const std::string secret = make_key("desk");
  std::vector<std::string> asked(100, "wp_wrong");
  asked.insert(asked.end(), {"wp_wrong", "", secret});
  const std::vector<unsigned> codes = ask(asked);
  EXPECT_EQ(codes.at(99), 401u);
  EXPECT_EQ(codes.at(100), 429u);
  EXPECT_EQ(codes.at(101), 429u);
  // From the same address, as behind a proxy.
  EXPECT_EQ(codes.at(102), 200u);
}

}  // namespace
}  // namespace waypost::api
