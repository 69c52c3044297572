#pragma once

#include <string>

#include <gtest/gtest.h>

#include "io/sim_network.h"
#include "io/sim_world.h"
#include "io/task_group.h"

// Two hosts and the coroutines that tests of the simulated network run on them.
namespace waypost::io::sim_test {

using namespace std::chrono_literals;

constexpr Duration patience = 60s;

inline IpAddress address(const char* text) { return IpAddress::parse(text).value(); }
inline const IpAddress client_host = address("192.0.2.1");
inline const IpAddress server_host = address("198.51.100.1");
inline const Endpoint smtp_port{server_host, 25};

using StreamResult = Result<std::unique_ptr<Stream>>;

// Runs `task` in the world to its end, for an hour of its time at most.
template <class T>
T run(SimWorld& world, Task<T> task) {
  std::optional<T> result;
  TaskGroup group;
  struct Body {
    static Task<void> keep(Task<T> inner, std::optional<T>& into) {
      T value = co_await std::move(inner);
      into.emplace(std::move(value));
    }
  };
  group.start(Body::keep(std::move(task), result));
  bool done = world.run_until([&] { return result.has_value(); }, world.now() + 1h);
  EXPECT_TRUE(done) << "the task did not end";
  return std::move(*result);
}

// A client and a server process with a listener on port 25.
struct TwoHosts {
  explicit TwoHosts(uint64_t seed) : world(seed) {
    client = &world.make_process(client_host);
    server = &world.make_process(server_host);
    listener = std::move(server->network().listen(smtp_port, {}).value());
  }

  StreamResult connect(Duration limit = patience) {
    return run(world, client->network().connect(smtp_port, {}, world.now() + limit));
  }
  StreamResult accept() { return run(world, listener->accept()); }
  // Both ends of a new connection.
  void join() {
    near = std::move(connect().value());
    far = std::move(accept().value());
  }
  Result<void> write(Stream& stream, std::string_view octets, Duration limit = patience) {
    return run(world, stream.write(octets, world.now() + limit));
  }
  Result<std::string> read(Stream& stream, Duration limit = patience) {
    std::string octets(4096, '\0');
    auto count = run(world, stream.read({octets.data(), octets.size()}, world.now() + limit));
    if (!count) return failure(std::move(count).error());
    octets.resize(*count);
    return octets;
  }
  // Reads so many octets, or to the end when there are fewer.
  Result<std::string> read_all(Stream& stream, size_t count, size_t* reads = nullptr) {
    std::string all;
    while (all.size() < count) {
      auto piece = read(stream);
      if (!piece) return piece;
      if (piece->empty()) break;
      all += *piece;
      if (reads) ++*reads;
    }
    return all;
  }
  void settle() { world.run_for(1s); }

  SimWorld world;
  SimProcess* client;
  SimProcess* server;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Stream> near;
  std::unique_ptr<Stream> far;
};

}  // namespace waypost::io::sim_test
