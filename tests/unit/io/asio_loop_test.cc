#include "io/asio_loop.h"

#include <csignal>
#include <sys/stat.h>
#include <thread>

#include <gtest/gtest.h>

#include "io/disk.h"
#include "io/task_group.h"
#include "tests/temporary_folder.h"

namespace waypost::io {
namespace {

using namespace std::chrono_literals;

class AsioLoopTest : public testing::Test {
 protected:
  // Runs `task` to its end on the loop.
  void run(Task<void> task) {
    TaskGroup group;
    group.start(then_stop(std::move(task)));
    loop_.run();
    EXPECT_EQ(group.running(), 0u);
  }
  Task<void> then_stop(Task<void> task) {
    co_await std::move(task);
    loop_.stop();
  }
  Instant soon() { return loop_.now() + 50ms; }
  Instant later() { return loop_.now() + 20s; }

  AsioLoop loop_;
};

struct Pair {
  std::unique_ptr<Stream> client;
  std::unique_ptr<Stream> server;
};

Task<void> accept_into(Listener& listener, std::unique_ptr<Stream>& into) {
  Result<std::unique_ptr<Stream>> accepted = co_await listener.accept();
  EXPECT_TRUE(accepted);
  if (accepted) into = *std::move(accepted);
}

Endpoint loopback(uint16_t port) { return {IpAddress::v4({127, 0, 0, 1}), port}; }

Task<Pair> connected_pair(AsioLoop& loop) {
  auto listener = loop.network().listen(loopback(0), {}).value();
  Pair pair;
  TaskGroup group;
  group.start(accept_into(*listener, pair.server));
  auto connected = co_await loop.network().connect(listener->local(), {}, loop.now() + 20s);
  EXPECT_TRUE(connected);
  pair.client = *std::move(connected);
  co_await group.join();
  co_return pair;
}

TEST_F(AsioLoopTest, runs_messages_in_the_order_of_posting) {
  std::string order;
  loop_.post([&] {
    loop_.post([&] { order += 'c'; });
    order += 'a';
  });
  loop_.post([&] { order += 'b'; });
  loop_.post([&] { loop_.post([&] { loop_.stop(); }); });
  loop_.run();
  EXPECT_EQ(order, "abc");
}

TEST_F(AsioLoopTest, keeps_the_order_when_a_second_thread_posts_after_the_loop_did) {
  std::string order;
  loop_.post([&] {
    loop_.post([&] { order += 'a'; });
    std::thread([&] { loop_.post([&] { order += 'b'; }); }).join();
    loop_.post([&] {
      order += 'c';
      loop_.stop();
    });
  });
  loop_.run();
  EXPECT_EQ(order, "abc");
}

TEST_F(AsioLoopTest, takes_messages_from_many_threads_each_in_its_order) {
  constexpr int threads = 4, messages = 5000;
  std::vector<int> last(threads, -1);
  int received = 0;
  std::vector<std::thread> posting;
  for (int t = 0; t < threads; ++t)
    posting.emplace_back([&, t] {
      for (int i = 0; i < messages; ++i)
        loop_.post([&, t, i] {
          EXPECT_EQ(last[t], i - 1);
          last[t] = i;
          if (++received == threads * messages) loop_.stop();
        });
    });
  loop_.run();
  for (std::thread& thread : posting) thread.join();
  EXPECT_EQ(received, threads * messages);
}

TEST_F(AsioLoopTest, fires_timers_by_time_and_re_arms_for_an_earlier_one) {
  std::string fired;
  Instant start = loop_.now();
  Timer late(loop_.timers()), early(loop_.timers()), never(loop_.timers());
  never.start(Instant::max(), [&] { fired += 'n'; });
  late.start(start + 40ms, [&] {
    fired += 'l';
    loop_.stop();
  });
  early.start(start + 10ms, [&] { fired += 'e'; });
  loop_.run();
  EXPECT_EQ(fired, "el");
  EXPECT_GE(loop_.now() - start, 40ms);
  never.cancel();
}

TEST_F(AsioLoopTest, fires_a_timer_whose_time_has_passed_without_starving_the_rest) {
  int fired = 0;
  Timer timer(loop_.timers()), end(loop_.timers());
  std::function<void()> again = [&] {
    // Not before: it would be due in the first turn where that comes late.
    if (++fired == 1) end.start(loop_.now() + 20ms, [&] { loop_.stop(); });
    timer.start(loop_.now() - 1h, again);
  };
  timer.start(loop_.now() - 1h, again);
  loop_.run();
  EXPECT_GT(fired, 1);
}

Task<void> sleep_both(AsioLoop& loop, Duration& slept) {
  Instant start = loop.now();
  co_await sleep_until(loop, start + 20ms);
  co_await sleep_until(loop, start);
  slept = loop.now() - start;
}

TEST_F(AsioLoopTest, sleeps_until_a_time) {
  Duration slept{};
  run(sleep_both(loop_, slept));
  EXPECT_GE(slept, 20ms);
  EXPECT_LT(slept, 10s);
}

Task<void> echo(Stream& stream) {
  std::vector<char> buffer(10000);
  while (true) {
    Result<size_t> count = co_await stream.read(buffer, Instant::max());
    if (!count || *count == 0) break;
    Result<void> written = co_await stream.write({buffer.data(), *count}, Instant::max());
    EXPECT_TRUE(written);
  }
  stream.close();
}

Task<void> send(Stream& stream, const std::string& octets, Instant deadline) {
  Result<void> written = co_await stream.write(octets, deadline);
  EXPECT_TRUE(written) << written.error().describe();
}

// Octets are sent and read on two streams of one connection, as a session does, one way at a time.
Task<void> send_and_read_back(AsioLoop& loop, std::string octets, std::string& back) {
  Pair pair = co_await connected_pair(loop);
  EXPECT_EQ(pair.client->local(), pair.server->peer());
  EXPECT_EQ(pair.client->peer(), pair.server->local());
  TaskGroup group;
  group.start(echo(*pair.server));
  char buffer[4096];
  for (size_t sent = 0; sent < octets.size();) {
    std::string part = octets.substr(sent, 20000);
    co_await send(*pair.client, part, loop.now() + 20s);
    sent += part.size();
    while (back.size() < sent) {
      Result<size_t> count = co_await pair.client->read(buffer, loop.now() + 20s);
      EXPECT_TRUE(count && *count > 0);
      if (!count || *count == 0) co_return;
      back.append(buffer, *count);
    }
  }
  pair.client->close();
  co_await group.join();
}

TEST_F(AsioLoopTest, carries_octets_both_ways_over_tcp) {
  std::string octets, back;
  for (int i = 0; i < 300000; ++i) octets += static_cast<char>(i * 31);
  run(send_and_read_back(loop_, octets, back));
  EXPECT_EQ(back, octets);
}

Task<void> drain(AsioLoop& loop, Stream& stream, size_t expected, size_t& total) {
  std::vector<char> buffer(65536);
  while (total < expected) {
    Result<size_t> count = co_await stream.read(buffer, loop.now() + 20s);
    EXPECT_TRUE(count && *count > 0);
    if (!count || *count == 0) co_return;
    total += *count;
  }
}

Task<void> write_more_than_fits(AsioLoop& loop, size_t& total) {
  Pair pair = co_await connected_pair(loop);
  std::string octets(20'000'000, 'x');
  TaskGroup group;
  group.start(send(*pair.client, octets, loop.now() + 20s));
  EXPECT_EQ(group.running(), 1u);  // waits for the reader
  co_await drain(loop, *pair.server, octets.size(), total);
  co_await group.join();
}

TEST_F(AsioLoopTest, waits_while_the_peer_takes_nothing) {
  size_t total = 0;
  run(write_more_than_fits(loop_, total));
  EXPECT_EQ(total, 20'000'000u);
}

Task<void> meet_deadlines(AsioLoop& loop, std::vector<ErrorCode>& met, size_t& read_after) {
  Pair pair = co_await connected_pair(loop);
  char buffer[100];
  Result<size_t> count = co_await pair.client->read(buffer, loop.now() + 30ms);
  met.push_back(count ? ErrorCode::corrupt : count.error().code());
  count = co_await pair.client->read(buffer, loop.now() - 1s);
  met.push_back(count ? ErrorCode::corrupt : count.error().code());
  std::string much(50'000'000, 'x');
  Result<void> written = co_await pair.server->write(much, loop.now() + 30ms);
  met.push_back(written ? ErrorCode::corrupt : written.error().code());
  // The stream is still good, and what is already there beats a deadline that has passed.
  count = co_await pair.client->read(buffer, loop.now() - 1s);
  read_after = count.value_or(0);
}

TEST_F(AsioLoopTest, ends_reads_and_writes_at_their_deadline) {
  std::vector<ErrorCode> met;
  size_t read_after = 0;
  run(meet_deadlines(loop_, met, read_after));
  EXPECT_EQ(met, std::vector<ErrorCode>(3, ErrorCode::timed_out));
  EXPECT_EQ(read_after, 100u);
}

Task<void> read_once(AsioLoop& loop, Stream& stream, std::optional<ErrorCode>& failed) {
  char buffer[100];
  Result<size_t> count = co_await stream.read(buffer, loop.now() + 20s);
  if (!count) failed = count.error().code();
}

Task<void> stop_a_read(AsioLoop& loop, std::vector<std::optional<ErrorCode>>& failed,
                       std::string& farewell) {
  Pair pair = co_await connected_pair(loop);
  failed.resize(2);
  TaskGroup group;
  group.start(read_once(loop, *pair.server, failed[0]));
  pair.server->stop_reading();
  co_await group.join();
  co_await read_once(loop, *pair.server, failed[1]);
  co_await send(*pair.server, "421 bye", loop.now() + 20s);
  char buffer[100];
  Result<size_t> count = co_await pair.client->read(buffer, loop.now() + 20s);
  if (count) farewell.assign(buffer, *count);
}

TEST_F(AsioLoopTest, stops_reading_but_still_writes) {
  std::vector<std::optional<ErrorCode>> failed;
  std::string farewell;
  run(stop_a_read(loop_, failed, farewell));
  EXPECT_EQ(failed[0], ErrorCode::cancelled);
  EXPECT_EQ(failed[1], ErrorCode::cancelled);
  EXPECT_EQ(farewell, "421 bye");
}

Task<void> close_a_read(AsioLoop& loop, std::optional<ErrorCode>& own, size_t& peers_end) {
  Pair pair = co_await connected_pair(loop);
  TaskGroup group;
  group.start(read_once(loop, *pair.server, own));
  pair.server->close();
  pair.server->close();
  co_await group.join();
  char buffer[10];
  Result<size_t> count = co_await pair.client->read(buffer, loop.now() + 20s);
  peers_end = count.value_or(99);
  Result<void> written = co_await pair.server->write("x", loop.now() + 20s);
  EXPECT_FALSE(written);
}

TEST_F(AsioLoopTest, ends_what_waits_when_a_stream_is_closed) {
  std::optional<ErrorCode> own;
  size_t peers_end = 99;
  run(close_a_read(loop_, own, peers_end));
  EXPECT_EQ(own, ErrorCode::cancelled);
  EXPECT_EQ(peers_end, 0u);
}

// The kernel tells of the last octets and of the end at once.
Task<void> read_to_the_end(AsioLoop& loop, std::string& octets, bool& ended) {
  Pair pair = co_await connected_pair(loop);
  co_await send(*pair.client, "221 bye", loop.now() + 20s);
  pair.client->close();
  co_await sleep_until(loop, loop.now() + 20ms);
  char buffer[100];
  while (!ended) {
    Result<size_t> count = co_await pair.server->read(buffer, loop.now() + 20s);
    if (!count) break;
    octets.append(buffer, *count);
    ended = *count == 0;
  }
}

TEST_F(AsioLoopTest, hears_the_end_behind_the_last_octets) {
  std::string octets;
  bool ended = false;
  run(read_to_the_end(loop_, octets, ended));
  EXPECT_EQ(octets, "221 bye");
  EXPECT_TRUE(ended);
}

Task<void> write_to_nobody(AsioLoop& loop, std::optional<ErrorCode>& failed) {
  Pair pair = co_await connected_pair(loop);
  pair.server->close();
  for (int i = 0; i < 100 && !failed; ++i) {
    Result<void> written = co_await pair.client->write("x", loop.now() + 20s);
    if (!written) failed = written.error().code();
    co_await sleep_until(loop, loop.now() + 5ms);
  }
}

TEST_F(AsioLoopTest, says_that_the_peer_is_gone) {
  std::optional<ErrorCode> failed;
  run(write_to_nobody(loop_, failed));
  EXPECT_EQ(failed, ErrorCode::peer_gone);
}

Task<void> connect_to(AsioLoop& loop, Endpoint to, Instant deadline, std::optional<Error>& failed) {
  auto connected = co_await loop.network().connect(to, {}, deadline);
  if (!connected) failed = connected.error();
}

TEST_F(AsioLoopTest, is_told_when_nobody_listens) {
  // At the address beside it, so that the port stays taken.
  auto listener = loop_.network().listen(loopback(0), {}).value();
  const Endpoint nobody{IpAddress::v4({127, 0, 0, 77}), listener->local().port};
  std::optional<Error> failed;
  run(connect_to(loop_, nobody, later(), failed));
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->code(), ErrorCode::refused) << failed->describe();
}

Task<void> connect_from(AsioLoop& loop, IpAddress source, IpAddress& seen) {
  auto listener = loop.network().listen(loopback(0), {}).value();
  TaskGroup group;
  std::unique_ptr<Stream> server;
  group.start(accept_into(*listener, server));
  auto connected =
      co_await loop.network().connect(listener->local(), {.source = source}, loop.now() + 20s);
  EXPECT_TRUE(connected);
  co_await group.join();
  seen = server->peer().address;
}

TEST_F(AsioLoopTest, connects_from_the_source_that_is_asked_for) {
  IpAddress source = IpAddress::v4({127, 0, 0, 9}), seen;
  run(connect_from(loop_, source, seen));
  EXPECT_EQ(seen, source);
}

Task<void> close_an_accept(Listener& listener, std::vector<ErrorCode>& failed) {
  for (int i = 0; i < 2; ++i) {
    auto accepted = co_await listener.accept();
    if (!accepted) failed.push_back(accepted.error().code());
  }
}
Task<void> close_soon(AsioLoop& loop, Listener& listener) {
  co_await sleep_until(loop, loop.now() + 10ms);
  listener.close();
}
Task<void> both(Task<void> first, Task<void> second) {
  TaskGroup group;
  group.start(std::move(first));
  group.start(std::move(second));
  co_await group.join();
}

TEST_F(AsioLoopTest, ends_a_waiting_accept_when_the_listener_is_closed) {
  auto listener = loop_.network().listen(loopback(0), {}).value();
  std::vector<ErrorCode> failed;
  run(both(close_an_accept(*listener, failed), close_soon(loop_, *listener)));
  EXPECT_EQ(failed, std::vector<ErrorCode>(2, ErrorCode::cancelled));
}

TEST_F(AsioLoopTest, listens_twice_on_a_port_only_when_it_is_shared) {
  auto first = loop_.network().listen(loopback(0), {.shared_port = true}).value();
  EXPECT_NE(first->local().port, 0);
  EXPECT_TRUE(loop_.network().listen(first->local(), {.shared_port = true}));
  // Another relay, say, whose sockets would share the port and take a part of the clients.
  EXPECT_FALSE(
      loop_.network().listen(first->local(), {.shared_port = true, .first_of_shared = true}));
  auto alone = loop_.network().listen(loopback(0), {}).value();
  auto second = loop_.network().listen(alone->local(), {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::already_exists);
  EXPECT_NE(second.error().describe().find(alone->local().text()), std::string::npos);
}

Task<void> talk_locally(AsioLoop& loop, Listener& listener, std::string path, std::string& heard) {
  TaskGroup group;
  Pair pair;
  group.start(accept_into(listener, pair.server));
  auto connected = co_await loop.network().connect_local(path, loop.now() + 20s);
  EXPECT_TRUE(connected);
  co_await group.join();
  co_await send(**connected, "hello", loop.now() + 20s);
  char buffer[100];
  Result<size_t> count = co_await pair.server->read(buffer, loop.now() + 20s);
  if (count) heard.assign(buffer, *count);
}

TEST_F(AsioLoopTest, talks_over_a_local_socket_that_only_its_owner_may_use) {
  test::TemporaryFolder folder;
  std::string path = folder / "control";
  {
    auto stale = loop_.network().listen_local(path);
    ASSERT_TRUE(stale) << stale.error().describe();
  }
  auto listener = loop_.network().listen_local(path);
  ASSERT_TRUE(listener) << listener.error().describe();
  struct stat facts {};
  ASSERT_EQ(stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600u);
  EXPECT_TRUE(S_ISSOCK(facts.st_mode));
  std::string heard;
  run(talk_locally(loop_, **listener, path, heard));
  EXPECT_EQ(heard, "hello");
}

Task<void> connect_locally(AsioLoop& loop, std::string path, std::optional<ErrorCode>& failed) {
  auto connected = co_await loop.network().connect_local(path, loop.now() + 20s);
  if (!connected) failed = connected.error().code();
}

TEST_F(AsioLoopTest, says_why_a_local_socket_does_not_answer) {
  test::TemporaryFolder folder;
  std::optional<ErrorCode> absent, too_long;
  run(both(connect_locally(loop_, folder / "absent", absent),
           connect_locally(loop_, folder / std::string(200, 'x'), too_long)));
  EXPECT_EQ(absent, ErrorCode::not_found);
  EXPECT_EQ(too_long, ErrorCode::invalid_input);
  EXPECT_FALSE(loop_.network().listen_local(folder / std::string(200, 'x')));
}

TEST_F(AsioLoopTest, does_not_replace_a_file_that_is_no_socket) {
  test::TemporaryFolder folder;
  auto disk = make_system_disk();
  ASSERT_TRUE(disk->write_file(folder / "precious", "data", 0600));
  EXPECT_FALSE(loop_.network().listen_local(folder / "precious"));
  EXPECT_EQ(disk->read_file(folder / "precious", 100).value_or(""), "data");
}

Task<void> two_readers(AsioLoop& loop, int& turns) {
  Pair pair = co_await connected_pair(loop);
  std::string octets(100000, 'x');
  co_await send(*pair.client, octets, loop.now() + 20s);
  co_await sleep_until(loop, loop.now() + 20ms);
  loop.post([&turns] { ++turns; });
  char one;
  for (int i = 0; i < 1000; ++i) {
    Result<size_t> count = co_await pair.server->read({&one, 1}, loop.now() + 20s);
    EXPECT_TRUE(count);
    if (i == 100) {
      EXPECT_EQ(turns, 1);
    }
  }
}

TEST_F(AsioLoopTest, lets_others_run_while_a_peer_sends_without_pause) {
  int turns = 0;
  run(two_readers(loop_, turns));
  EXPECT_EQ(turns, 1);
}

TEST_F(AsioLoopTest, hears_signals_until_the_watch_ends) {
  std::vector<int> received;
  {
    SignalWatch watch(loop_, [&](int signal) {
      received.push_back(signal);
      if (received.size() == 1)
        raise(SIGTERM);
      else
        loop_.stop();
    });
    raise(SIGHUP);
    loop_.run();
  }
  EXPECT_EQ(received, (std::vector<int>{SIGHUP, SIGTERM}));
}

TEST_F(AsioLoopTest, keeps_a_hangup_that_comes_before_anybody_watches) {
  hold_hangups();
  std::thread([] { kill(getpid(), SIGHUP); }).join();
  std::vector<int> received;
  SignalWatch watch(loop_, [&](int signal) {
    received.push_back(signal);
    loop_.stop();
  });
  loop_.run();
  EXPECT_EQ(received, std::vector<int>{SIGHUP});
}

// What a crash or a hard stop does: frames go while their operations are still with the system.
TEST(AsioLoop, may_go_with_tasks_that_still_wait) {
  std::optional<ErrorCode> failed;
  bool connected = false;
  {
    AsioLoop loop;
    TaskGroup group;
    struct Body {
      static Task<void> wait(AsioLoop& loop, bool& connected, std::optional<ErrorCode>& failed) {
        Pair pair = co_await connected_pair(loop);
        connected = true;
        loop.stop();
        co_await read_once(loop, *pair.server, failed);
      }
    };
    group.start(Body::wait(loop, connected, failed));
    loop.run();
  }
  EXPECT_TRUE(connected);
  EXPECT_FALSE(failed);
}

}  // namespace
}  // namespace waypost::io
