#include "api/history_keeper.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "api/history_file.h"

namespace waypost::api {
namespace {

constexpr unsigned file_mode = 0640;

}  // namespace

HistoryKeeper::HistoryKeeper(Services services, History& history)
    : services_(std::move(services)), history_(history), timer_(services_.loop.timers()) {}

void HistoryKeeper::restore() {
  save_later();
  if (!services_.disk.exists(services_.path)) return;
  const WallTime now = services_.loop.wall_now();
  History kept(now);
  Result<std::string> octets = services_.disk.read_file(services_.path, history_octets_max);
  Result<void> decoded = octets ? decode_history(*octets, now, kept)
                                : Result<void>(failure(std::move(octets).error()));
  if (decoded)
    history_ = std::move(kept);
  else
    services_.trouble(fmt::format("{} cannot be read ({}): the dashboard's curves begin anew",
                                  services_.path, decoded.error().describe()));
}

void HistoryKeeper::save_later() {
  if (stopping_) return;
  timer_.start(services_.loop.now() + interval, [this] { saves_.start(save()); });
}

// Place by place: mail goes on meanwhile, and the last may know a moment more than the first.
io::Task<void> HistoryKeeper::save() {
  std::vector<std::string> names = history_.names();
  std::string places;
  for (const std::string& name : names) {
    places += encode_place(history_, name);
    co_await io::sleep_until(services_.loop, services_.loop.now());
  }
  const std::string times = encode_times(history_, services_.loop.wall_now());
  std::function<Result<void>()> write = [&] {
    return services_.disk.write_file(services_.path, sealed_history(times, places), file_mode);
  };
  Result<void> written =
      co_await io::run_on<Result<void>>(services_.worker, services_.loop, std::move(write));
  if (!written && !failing_)
    services_.trouble(
        "the dashboard's curves cannot be written down, so that a restart would forget them: " +
        written.error().describe());
  failing_ = !written;
  save_later();
}

io::Task<void> HistoryKeeper::stop() {
  stopping_ = true;
  timer_.cancel();
  co_await saves_.join();
  co_await save();
}

}  // namespace waypost::api
