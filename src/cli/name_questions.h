#pragma once

#include <memory>
#include <optional>
#include <utility>

#include <tl/expected.hpp>

#include "cli/terminal.h"
#include "dns/caching_resolver.h"
#include "dns/unbound_resolver.h"
#include "io/asio_loop.h"
#include "io/disk.h"
#include "io/task_group.h"

namespace waypost::cli {

// A resolver for a command that asks the name system, with a loop of its own: that of --resolver,
// else the configured one where there is a configuration, else the system's. No question is asked
// twice.
class NameQuestions {
 public:
  // The error is the exit code; what is wrong was said.
  static tl::expected<std::unique_ptr<NameQuestions>, int> create(const Global& global);

  dns::Resolver& resolver() { return *answers_; }
  io::Loop& loop() { return loop_; }
  io::Network& network() { return loop_.network(); }
  // The first server that the resolver asks; not_found where the system names none.
  Result<Endpoint> server() const;
  Instant in(Duration patience) { return loop_.now() + patience; }
  WallTime wall_now() { return loop_.wall_now(); }

  // Runs `task` to its end. Once.
  template <class T>
  T run(io::Task<T> task) {
    std::optional<T> result;
    io::TaskGroup tasks;
    loop_.post([&] { tasks.start(keep(std::move(task), result)); });
    loop_.run();
    return *std::move(result);
  }

 private:
  NameQuestions() = default;

  template <class T>
  io::Task<void> keep(io::Task<T> task, std::optional<T>& into) {
    into.emplace(co_await std::move(task));
    loop_.stop();
  }

  std::optional<Endpoint> forward_to_;
  std::unique_ptr<io::Disk> disk_ = io::make_system_disk();
  io::AsioLoop loop_;
  std::unique_ptr<dns::UnboundContext> context_;
  std::unique_ptr<dns::Resolver> resolver_;
  std::unique_ptr<dns::CachingResolver> answers_;
};

}  // namespace waypost::cli
