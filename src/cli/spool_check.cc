#include "cli/spool_check.h"

#include <fmt/format.h>

#include "cli/spool_export.h"
#include "io/folders.h"
#include "spool/rocks_store.h"

namespace waypost::cli {
namespace {

// Everything but the tables is written to by a repair, and tables are never changed.
Result<void> copy_to_repair(const std::string& from, const std::string& to, Progress& progress) {
  TRY_VOID(io::make_new_folder(to, 0700));
  TRY(std::vector<io::ListedFile> files, io::files_below(from));
  for (const io::ListedFile& file : files) {
    progress.show("copying " + file.path + " to repair the copy");
    if (file.path == "LOCK" || file.path.find('/') != std::string::npos) continue;
    const std::string source = from + "/" + file.path;
    const std::string copy = to + "/" + file.path;
    if (file.path.ends_with(".sst"))
      TRY_VOID(io::link_or_copy(source, copy));
    else
      TRY_VOID(io::copy_file(source, copy, 0600, UINT64_MAX, {}));
  }
  return {};
}

class Check {
 public:
  Check(SpoolReport& report, std::optional<SpoolExport>& target, Progress& progress)
      : report_(report), target_(target), progress_(progress) {}

  Result<void> run(const spool::RocksStore& store) {
    report_.tables = store.damaged_tables([&](uint64_t done, uint64_t all) {
      progress_.show(fmt::format("{} of {} tables checked", done, all));
    });
    TRY(report_.inspection, inspect(store));
    return {};
  }

  // What can be read of a spool that does not open, or not everywhere.
  Result<void> run_on_repaired(const std::string& spool) {
    const std::string copy = target_->folder() + "/repaired-spool";
    Result<void> done = repair_and_export(spool, copy);
    Result<void> removed = io::remove_folder(copy);
    TRY_VOID(done);
    return removed;
  }

 private:
  Result<void> repair_and_export(const std::string& spool, const std::string& copy) {
    TRY_VOID(copy_to_repair(spool, copy, progress_));
    spool::RocksOptions options;
    options.path = copy;
    TRY_VOID(spool::RocksDatabase::repair(options));
    TRY(auto store, spool::RocksStore::open_read_only(copy));
    TRY(spool::Inspection found, inspect(*store));
    if (!report_.readable) report_.inspection = std::move(found);
    report_.repaired_copy = true;
    return {};
  }

  Result<spool::Inspection> inspect(const spool::RocksStore& store) {
    Result<void> exported;
    uint64_t messages = 0;
    uint64_t octets = 0;
    spool::Inspection found = spool::inspect(store, [&](spool::InspectedMessage message) {
      octets += message.octets;
      progress_.show(fmt::format("{} messages, {} read", ++messages, octets_text(octets)));
      if (target_ && exported) exported = target_->add(store, message);
      if (!message.findings.empty() && report_.damaged.size() < damaged_kept_max)
        report_.damaged.push_back(std::move(message));
    });
    TRY_VOID(exported);
    return found;
  }

  SpoolReport& report_;
  std::optional<SpoolExport>& target_;
  Progress& progress_;
};

}  // namespace

Result<SpoolReport> check_spool(const std::string& spool, const std::string& export_to,
                                Progress& progress) {
  SpoolReport report;
  report.spool = spool;
  std::optional<SpoolExport> target;
  if (!export_to.empty()) {
    TRY(target, SpoolExport::make(export_to));
  }
  Check check(report, target, progress);
  auto store = spool::RocksStore::open_read_only(spool);
  if (!store) {
    if (store.error().code() == ErrorCode::unavailable)
      return failure(std::move(store).error());  // a newer version's: no damage
    report.does_not_open = std::move(store).error();
    store = spool::RocksStore::open_read_only(spool, true);
  }
  report.readable = store.has_value();
  if (store) TRY_VOID(check.run(**store));
  if (target && (!report.readable || report.inspection.cut_off()))
    TRY_VOID(check.run_on_repaired(spool));
  if (!target) return report;
  TRY_VOID(target->finish());
  report.exported_whole = target->whole();
  report.exported_damaged = target->damaged();
  return report;
}

}  // namespace waypost::cli
