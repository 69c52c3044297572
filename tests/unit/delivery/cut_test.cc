#include <algorithm>

#include <gtest/gtest.h>

#include "tests/fakes/attempts.h"

// What becomes of a message when the other side stops at any octet of what it has to say.
namespace waypost::delivery {
namespace {

using namespace std::chrono_literals;
using events::Verdict;

const std::string greeting = "220-mx.x.test\r\n220 ESMTP\r\n";
const std::string accepted = "250 2.0.0 Ok: queued as 7\r\n";

enum class AtTheEnd { close, stall };

// Answers as a server should until it has said so many octets.
class MiserlyServer {
 public:
  MiserlyServer(io::SimProcess& process, size_t octets, AtTheEnd at_the_end)
      : process_(process), octets_left_(octets), at_the_end_(at_the_end) {
    listener_ = *process.network().listen({process.host(), 25}, {});
    tasks_.start(serve());
  }
  bool said_all() const { return said_all_; }

 private:
  io::Task<void> serve() {
    auto accepted_stream = co_await listener_->accept();
    stream_ = *std::move(accepted_stream);
    co_await say(greeting);
    std::string line;
    while (stream_) {
      bool more = co_await read_line(line);
      if (!more) break;
      co_await say(answer_to(line));
    }
  }

  std::string answer_to(const std::string& line) {
    if (in_content_) {
      in_content_ = line != ".";
      return in_content_ ? "" : accepted;
    }
    in_content_ = line == "DATA";
    if (in_content_) return "354 Go on\r\n";
    if (line.starts_with("EHLO")) return "250-mx.x.test\r\n250 PIPELINING\r\n";
    return "250 2.1.0 Ok\r\n";
  }

  io::Task<void> say(std::string text) {
    std::string part = text.substr(0, octets_left_);
    octets_left_ -= part.size();
    if (!part.empty()) {
      auto written = co_await stream_->write(part, process_.now() + 1h);
      static_cast<void>(written);
    }
    said_all_ = said_all_ || (text == accepted && part == text);
    if (octets_left_ > 0 || at_the_end_ == AtTheEnd::stall) co_return;
    stream_.reset();
  }

  io::Task<bool> read_line(std::string& line) {
    std::array<char, 512> buffer;
    size_t end = 0;
    while ((end = received_.find("\r\n")) == std::string::npos) {
      auto got = co_await stream_->read(buffer, process_.now() + 5h);
      if (!got || *got == 0) co_return false;
      received_.append(buffer.data(), *got);
    }
    line = received_.substr(0, end);
    received_.erase(0, end + 2);
    co_return true;
  }

  io::SimProcess& process_;
  size_t octets_left_;
  AtTheEnd at_the_end_;
  std::unique_ptr<io::Listener> listener_;
  std::unique_ptr<io::Stream> stream_;
  std::string received_;
  bool in_content_ = false;
  bool said_all_ = false;
  io::TaskGroup tasks_;
};

class Cut : public testing::TestWithParam<AtTheEnd> {};

TEST_P(Cut, at_any_octet_defers_and_never_delivers) {
  constexpr size_t more_than_all = 200;
  size_t delivered_from = 0;
  for (size_t octets = 0; octets < more_than_all; ++octets) {
    fakes::Attempts attempts;
    MiserlyServer server(attempts.there, octets, GetParam());
    auto outcomes = attempts.attempt({"a@x.test"}, 1h);
    ASSERT_EQ(outcomes.size(), 1u) << "after " << octets << " octets";
    bool delivered = outcomes[0].verdict == Verdict::delivered;
    EXPECT_EQ(delivered, server.said_all()) << "after " << octets << " octets";
    if (delivered && delivered_from == 0) delivered_from = octets;
    if (delivered) continue;
    EXPECT_EQ(outcomes[0].verdict, Verdict::deferred) << "after " << octets << " octets";
    EXPECT_FALSE(outcomes[0].text().empty());
    EXPECT_EQ(attempts.deliverer().pool().open(), 0u) << "after " << octets << " octets";
  }
  EXPECT_GT(delivered_from, greeting.size() + accepted.size());
}

INSTANTIATE_TEST_SUITE_P(Ways, Cut, testing::Values(AtTheEnd::close, AtTheEnd::stall));

}  // namespace
}  // namespace waypost::delivery
