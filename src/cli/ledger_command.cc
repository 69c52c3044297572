#include "cli/ledger_command.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "cli/ledger_account.h"
#include "cli/load_config.h"
#include "cli/queue_source.h"
#include "cli/words.h"
#include "io/asio_loop.h"
#include "io/disk.h"
#include "io/task_group.h"
#include "records/ledger.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using records::LedgerDay;
using records::QueuedRecipient;

// What has just happened is in the records a moment after the log has it.
constexpr Duration moment = std::chrono::milliseconds(1500);
constexpr size_t recipients_shown_max = 20;

struct Column {
  std::string_view name;
  uint64_t LedgerDay::*count;
};
constexpr Column outcomes[] = {
    {"delivered", &LedgerDay::delivered}, {"bounced", &LedgerDay::bounced},
    {"expired", &LedgerDay::expired},     {"suppressed", &LedgerDay::suppressed},
    {"cancelled", &LedgerDay::cancelled}, {"queued", &LedgerDay::queued}};

void wait_for(Duration duration) {
  io::AsioLoop loop;
  io::TaskGroup group;
  auto wait = [](io::AsioLoop& on, Duration so_long) -> io::Task<void> {
    co_await io::sleep_until(on, on.now() + so_long);
    on.stop();
  };
  group.start(wait(loop, duration));
  loop.run();
}

Result<LedgerLook> look_at(io::Disk& disk, const config::DataPaths& paths,
                           const std::optional<records::LogPosition>& until) {
  LedgerLook look;
  TRY(look.recorded, records::read_queued(disk, paths.records, recipients_compared_max));
  TRY(look.queue, read_queue(paths, queue::Selector(), recipients_compared_max));
  TRY(look.ledger, records::read_ledger(disk, {paths.records, paths.events}, until));
  return look;
}

// ---- showing it

json::object to_json(const LedgerDay& day) {
  json::object object{{"accepted", day.accepted()}};
  for (const Column& column : outcomes) object[column.name] = day.*column.count;
  object["refused_transactions"] = day.refusals;
  return object;
}

json::array to_json(const std::vector<QueuedRecipient>& recipients) {
  json::array array;
  for (const QueuedRecipient& recipient : recipients)
    array.push_back({{"id", recipient.message.text()}, {"recipient", recipient.address}});
  return array;
}

std::string_view name_of(LedgerVerdict verdict) {
  switch (verdict) {
    case LedgerVerdict::right:
      return "right";
    case LedgerVerdict::wrong:
      return "wrong";
    case LedgerVerdict::unknown:
      break;
  }
  return "unknown";
}

void print_json(const LedgerAccount& account) {
  json::array days;
  for (const LedgerDay& day : account.ledger.days) {
    json::object object{{"day", records::day_text(day.day)}};
    for (const auto& [name, value] : to_json(day)) object[name] = value;
    days.push_back(std::move(object));
  }
  json::object object{{"days", std::move(days)},
                      {"total", to_json(account.ledger.total())},
                      {"in_queue", account.queue.recipients},
                      {"relay_runs", account.queue.relay_runs},
                      {"balanced", verdict_of(account) == LedgerVerdict::right},
                      {"verdict", name_of(verdict_of(account))},
                      {"missing", to_json(account.difference.missing)},
                      {"unknown", to_json(account.difference.unknown)},
                      {"events_not_recorded_yet", account.ledger.unread_events},
                      {"lost_events", account.ledger.lost_events},
                      {"problems", json::value_from(account.ledger.problems)}};
  print(json::serialize(object) + "\n");
}

std::string row(std::string_view title, const LedgerDay& day) {
  std::string line = fmt::format("{:<10}  {:>9}", title, day.accepted());
  for (const Column& column : outcomes)
    line += fmt::format("  {:>{}}", day.*column.count, std::max<size_t>(column.name.size(), 8));
  return line + "\n";
}

void print_table(const LedgerAccount& account, bool color) {
  std::string head = fmt::format("{:<10}  {:>9}", "day", "accepted");
  for (const Column& column : outcomes)
    head += fmt::format("  {:>{}}", column.name, std::max<size_t>(column.name.size(), 8));
  print(styled(head, Style::dim, color) + "\n");
  for (const LedgerDay& day : account.ledger.days) print(row(records::day_text(day.day), day));
  print(row("total", account.ledger.total()));
}

void print_recipients(const std::vector<QueuedRecipient>& recipients, const char* what,
                      bool color) {
  if (recipients.empty()) return;
  print(fmt::format("\n{}\n",
                    styled(fmt::format("{} {}", recipients.size(), what), Style::bad, color)));
  for (size_t i = 0; i < std::min(recipients.size(), recipients_shown_max); ++i)
    print(fmt::format("  {}  {}\n", recipients[i].message.text(),
                      base::escape_control(recipients[i].address)));
  if (recipients.size() > recipients_shown_max)
    print(
        fmt::format("  and {} more; --json lists all\n", recipients.size() - recipients_shown_max));
}

void print_verdict(const LedgerAccount& account, bool color) {
  const LedgerVerdict verdict = verdict_of(account);
  if (verdict == LedgerVerdict::right) {
    print(fmt::format("\n{}\n", styled(fmt::format("The sum is right: {} recipients are queued.",
                                                   account.queue.recipients),
                                       Style::good, color)));
    return;
  }
  if (verdict == LedgerVerdict::unknown) {
    print(
        fmt::format("\n{}\n", styled("Whether the sum is right is not known:", Style::bad, color)));
    return;
  }
  print(fmt::format("\n{}\n", styled("The sum is NOT right.", Style::bad, color)));
  print_recipients(account.difference.missing,
                   "recipients were accepted, have no outcome and are not in the queue:", color);
  print_recipients(account.difference.unknown,
                   "recipients are in the queue that the records do not know as waiting:", color);
}

void note_shortfalls(const LedgerAccount& account) {
  const records::Ledger& ledger = account.ledger;
  for (const std::string& problem : ledger.problems)
    note(fmt::format("  {}\n", base::escape_control(problem)));
  if (ledger.lost_events > 0)
    note(fmt::format("  {} never written, since the disk did not take them.\n",
                     count(ledger.lost_events, "event")));
  if (ledger.unread_events > 0)
    note(fmt::format("  {} of the log not in the records yet.\n",
                     count(ledger.unread_events, "event")));
  if (!account.compared_all)
    note(fmt::format("  More waits than the {} recipients that are compared.\n",
                     recipients_compared_max));
}

int exit_code_of(LedgerVerdict verdict) {
  if (verdict == LedgerVerdict::right) return exit_code::ok;
  return verdict == LedgerVerdict::wrong ? exit_code::negative : exit_code::could_not_finish;
}

}  // namespace

int ledger_command(const Global& global) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  if (config->records.keep == Duration::zero()) {
    note("waypost: there are no records to count: `keep` of [records] is \"0s\"\n");
    return exit_code::could_not_finish;
  }
  auto disk = io::make_system_disk();
  config::DataPaths paths(config->data_dir);
  auto account = settle_account([&](const auto& until) { return look_at(*disk, paths, until); },
                                [&] { wait_for(moment + config->events.flush_every); });
  if (!account) return report(account.error());
  bool color = colors_output(global.color);
  if (global.json) {
    print_json(*account);
  } else {
    print_table(*account, color);
    print_verdict(*account, color);
  }
  note_shortfalls(*account);
  return exit_code_of(verdict_of(*account));
}

}  // namespace waypost::cli
