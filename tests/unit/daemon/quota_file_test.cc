#include "daemon/quota_file.h"

#include <gtest/gtest.h>

#include "daemon/quota_keeper.h"
#include "io/memory_disk.h"
#include "io/sim_world.h"

namespace waypost::daemon {
namespace {

using namespace std::chrono_literals;
using queue::KeptQuota;

const std::string path = "/quotas.json";
const WallTime noon = WallTime(std::chrono::hours(500'000));

TEST(QuotaFile, gives_back_what_was_written) {
  const std::vector<KeptQuota> quotas{{"gmail", 1h, {{noon, 12}, {noon + 1s, 3}}},
                                      {"mx.example.net:587/shop \"x\"", 24h, {{noon, 1}}}};
  auto decoded = decode_quotas(encode_quotas(quotas));
  ASSERT_TRUE(decoded) << decoded.error().describe();
  EXPECT_EQ(*decoded, quotas);
}

TEST(QuotaFile, refuses_what_no_writer_of_it_wrote) {
  for (std::string octets :
       {"", "{}", "[]", "{\"v\":2,\"quotas\":[]}", "{\"v\":1}", "{\"v\":1,\"quotas\":[1]}",
        "{\"v\":1,\"quotas\":[{\"site\":\"a\"}]}",
        "{\"v\":1,\"quotas\":[{\"site\":\"a\",\"window_s\":0,\"counts\":[]}]}",
        "{\"v\":1,\"quotas\":[{\"site\":\"a\",\"window_s\":60,\"counts\":[[1]]}]}",
        "{\"v\":1,\"quotas\":[{\"site\":\"a\",\"window_s\":60,\"counts\":[[-1,1]]}]}",
        "{\"v\":1,\"quotas\":[{\"site\":\"a\",\"window_s\":60,\"counts\":[[1,-1]]}]}",
        "{\"v\":1,\"quotas\":[{\"site\":\"a\",\"window_s\":60,\"counts\":[[1,9e18]]}]}"})
    EXPECT_FALSE(decode_quotas(octets)) << octets;
  std::string many = "[1,1]";
  for (int i = 0; i < 100; ++i) many += ",[1,1]";
  EXPECT_FALSE(decode_quotas("{\"v\":1,\"quotas\":[{\"site\":\"a\",\"window_s\":60,\"counts\":[" +
                             many + "]}]}"));
}

TEST(QuotaFile, that_cannot_be_read_is_as_none_and_says_so) {
  io::MemoryDisk disk(1);
  EXPECT_TRUE(load_quotas(disk, path).trouble.empty());
  ASSERT_TRUE(disk.write_file(path, "{\"v\":1,\"quo", 0600));
  KeptQuotas kept = load_quotas(disk, path);
  EXPECT_TRUE(kept.quotas.empty());
  EXPECT_NE(kept.trouble.find(path), std::string::npos);
}

// Of which it takes time to collect what is kept: that asks for the time of day.
class SlowLoop final : public io::Loop, io::Clock {
 public:
  explicit SlowLoop(io::Loop& real) : real_(real) {}
  void post(std::function<void()> message) override { real_.post(std::move(message)); }
  io::Clock& clock() override { return *this; }
  io::Rng& rng() override { return real_.rng(); }
  io::TimerQueue& timers() override { return real_.timers(); }

  Duration collecting = 0ms;

 private:
  Instant now() const override { return real_.now() + taken_; }
  WallTime wall_now() const override {
    taken_ += collecting;
    return real_.wall_now();
  }
  io::Loop& real_;
  mutable Duration taken_ = 0ms;
};

struct QuotaKeeperTest : testing::Test {
  shaping::SiteLimits limits = [] {
    shaping::SiteLimits made;
    made.messages_per_day.value = 100;
    return made;
  }();
  io::SimWorld world{1};
  io::SimProcess& process = world.make_process(IpAddress::v4({10, 0, 0, 1}));
  SlowLoop loop{process};
  io::MemoryDisk disk{1};
  queue::QuotaBook book;
  unsigned writes = 0;
  std::vector<std::string> troubles;
  bool disk_fails = false;
  QuotaKeeper keeper{{loop, book, [this](auto quotas) { return write(std::move(quotas)); },
                      [this](const std::string& trouble) { troubles.push_back(trouble); }}};
  io::TaskGroup tasks;

  io::Task<Result<void>> write(std::vector<KeptQuota> quotas) {
    co_await io::sleep_until(process, process.now() + 10ms);
    ++writes;
    if (disk_fails) co_return failure(ErrorCode::io_failure, "the disk is full");
    co_return disk.write_file(path, encode_quotas(quotas), 0600);
  }
  void send() {
    book.open("a", limits)->send(process.now());
    book.note_change();
  }
  uint64_t read_back() {
    queue::QuotaBook other;
    QuotaKeeper reader{{process, other, {}, {}}};
    EXPECT_EQ(reader.restore(disk, path), "");
    auto quotas = other.open("a", limits);
    return quotas->day().used(process.now());
  }
};

TEST_F(QuotaKeeperTest, writes_a_second_after_a_change_and_not_without_one) {
  world.run_for(1h);
  EXPECT_EQ(writes, 0u);
  for (int i = 0; i < 50; ++i) send();
  world.run_for(1100ms);
  EXPECT_EQ(writes, 1u);
  EXPECT_EQ(read_back(), 50u);
  world.run_for(1h);
  EXPECT_EQ(writes, 1u);
}

TEST_F(QuotaKeeperTest, writes_what_came_while_it_wrote_once_more) {
  send();
  world.run_for(1005ms);  // it is being written
  send();
  world.run_for(2s);
  EXPECT_EQ(read_back(), 2u);
}

TEST_F(QuotaKeeperTest, writes_seldom_what_takes_the_loop_long) {
  loop.collecting = 50ms;
  send();
  world.run_for(1100ms);
  EXPECT_EQ(writes, 1u);
  send();
  world.run_for(4s);
  EXPECT_EQ(writes, 1u);
  world.run_for(2s);
  EXPECT_EQ(writes, 2u);
}

TEST_F(QuotaKeeperTest, writes_the_last_changes_at_the_end) {
  send();
  tasks.start(keeper.stop());
  world.run_for(1s);
  EXPECT_EQ(read_back(), 1u);
}

TEST_F(QuotaKeeperTest, tells_once_of_a_disk_that_fails_and_goes_on_trying) {
  disk_fails = true;
  send();
  world.run_for(10s);
  EXPECT_EQ(troubles.size(), 1u);
  EXPECT_GT(writes, 5u);
  disk_fails = false;
  world.run_for(3s);
  EXPECT_EQ(read_back(), 1u);
}

}  // namespace
}  // namespace waypost::daemon
