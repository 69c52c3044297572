#include "daemon/backup_control.h"

#include "io/folders.h"

namespace waypost::daemon {
namespace {

// A client that takes longer to copy is taken for one that hangs: the checkpoint keeps the room of
// everything that is removed meanwhile.
constexpr Duration copying_max = std::chrono::hours(12);

}  // namespace

BackupControl::BackupControl(io::Loop& loop, const spool::RocksStore& store, std::string folder)
    : loop_(loop), store_(store), folder_(std::move(folder)) {}

Result<void> BackupControl::clear() { return io::remove_folder(folder_); }

void BackupControl::answer_at(ControlServer& server) {
  server.on("backup", [this](boost::json::object, ControlAnswer& to) { return answer(to); });
}

io::Task<void> BackupControl::answer(ControlAnswer& answer) {
  if (busy_) {
    co_await answer.refuse("another backup is being made");
    co_return;
  }
  busy_ = true;
  std::function<Result<void>()> make = [this]() -> Result<void> {
    TRY_VOID(io::remove_folder(folder_));
    return store_.checkpoint(folder_);
  };
  Result<void> made = co_await on_worker(std::move(make));
  if (made) {
    boost::json::object ready{{"ready", true}};
    co_await answer.write_object(std::move(ready));
    co_await answer.wait_until_gone(loop_.now() + copying_max);
  } else {
    co_await answer.refuse(made.error().describe());
  }
  // What cannot be removed now is by the next backup, or the next start.
  std::function<Result<void>()> remove = [this] { return io::remove_folder(folder_); };
  co_await on_worker(std::move(remove));
  busy_ = false;
}

io::Task<Result<void>> BackupControl::on_worker(std::function<Result<void>()> work) {
  co_return co_await io::run_on<Result<void>>(worker_, loop_, std::move(work));
}

}  // namespace waypost::daemon
