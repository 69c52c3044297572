#include "cli/ledger_command.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
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

// What has just happened is in the records a moment later.
constexpr Duration moment = std::chrono::milliseconds(1500);
constexpr unsigned moments_max = 3;
constexpr size_t recipients_compared_max = 1'000'000;
constexpr size_t recipients_shown_max = 20;

struct Column {
  std::string_view name;
  uint64_t LedgerDay::*count;
};
constexpr Column outcomes[] = {
    {"delivered", &LedgerDay::delivered}, {"bounced", &LedgerDay::bounced},
    {"expired", &LedgerDay::expired},     {"suppressed", &LedgerDay::suppressed},
    {"cancelled", &LedgerDay::cancelled}, {"queued", &LedgerDay::queued}};

// Recipients that one side knows as waiting and the other does not, each in order.
struct Difference {
  std::vector<QueuedRecipient> missing;  // no final outcome, and not in the queue
  std::vector<QueuedRecipient> unknown;  // in the queue, and not open in the records

  bool empty() const { return missing.empty() && unknown.empty(); }
};

struct Account {
  records::Ledger ledger;
  QueueView queue;
  Difference difference;
};

void wait_a_moment() {
  io::AsioLoop loop;
  io::TaskGroup group;
  auto wait = [](io::AsioLoop& on) -> io::Task<void> {
    co_await io::sleep_until(on, on.now() + moment);
    on.stop();
  };
  group.start(wait(loop));
  loop.run();
}

std::vector<QueuedRecipient> in_queue(const QueueView& view) {
  std::vector<QueuedRecipient> all;
  for (const queue::Standing& standing : view.standings)
    all.push_back({standing.id, standing.recipient});
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<QueuedRecipient> only_in(const std::vector<QueuedRecipient>& a,
                                     const std::vector<QueuedRecipient>& b) {
  std::vector<QueuedRecipient> only;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(only));
  return only;
}

std::vector<QueuedRecipient> in_both(const std::vector<QueuedRecipient>& a,
                                     const std::vector<QueuedRecipient>& b) {
  std::vector<QueuedRecipient> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

Result<Account> take_account(io::Disk& disk, const config::DataPaths& paths, bool compare) {
  Account account;
  std::vector<QueuedRecipient> recorded;
  if (compare) {
    TRY(recorded, records::read_queued(disk, paths.records, recipients_compared_max));
    std::sort(recorded.begin(), recorded.end());
  }
  TRY(account.queue,
      read_queue(paths, queue::Selector(), compare ? recipients_compared_max : uint64_t{1}));
  TRY(account.ledger, records::read_ledger(disk, {paths.records, paths.events}));
  if (compare) {
    std::vector<QueuedRecipient> queued = in_queue(account.queue);
    if (!account.queue.complete && !queued.empty()) {
      // What stands behind the end of a list that was cut is not known.
      MessageId last = queued.back().message;
      auto is_behind = [&](const QueuedRecipient& one) { return !(one.message < last); };
      std::erase_if(recorded, is_behind);
      std::erase_if(queued, is_behind);
    }
    account.difference = {only_in(recorded, queued), only_in(queued, recorded)};
  }
  return account;
}

bool agrees(const Account& account) {
  return account.ledger.total().queued == account.queue.recipients &&
         account.ledger.unread_events == 0;
}

// Mail moves while it is counted: a difference is one that stays.
Result<Account> settle_account(io::Disk& disk, const config::DataPaths& paths) {
  TRY(Account account, take_account(disk, paths, false));
  if (agrees(account)) return account;
  TRY(account, take_account(disk, paths, true));
  for (unsigned i = 0; i < moments_max && !agrees(account) && !account.difference.empty(); ++i) {
    wait_a_moment();
    Difference before = std::move(account.difference);
    TRY(account, take_account(disk, paths, true));
    account.difference = {in_both(before.missing, account.difference.missing),
                          in_both(before.unknown, account.difference.unknown)};
  }
  if (agrees(account)) account.difference = {};
  return account;
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

void print_json(const Account& account) {
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
                      {"balanced", account.difference.empty()},
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

void print_table(const Account& account, bool color) {
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

void print_verdict(const Account& account, bool color) {
  uint64_t queued = account.queue.recipients;
  if (account.difference.empty()) {
    print(fmt::format("\n{}\n",
                      styled(fmt::format("The sum is right: {} recipients are queued.", queued),
                             Style::good, color)));
    return;
  }
  print(fmt::format("\n{}\n", styled("The sum is NOT right.", Style::bad, color)));
  print_recipients(account.difference.missing,
                   "recipients were accepted, have no outcome and are not in the queue:", color);
  print_recipients(account.difference.unknown,
                   "recipients are in the queue that the records do not know as waiting:", color);
}

void note_shortfalls(const records::Ledger& ledger) {
  for (const std::string& problem : ledger.problems)
    note(fmt::format("  {}\n", base::escape_control(problem)));
  if (ledger.lost_events > 0)
    note(fmt::format("  {} never written, since the disk did not take them.\n",
                     count(ledger.lost_events, "event")));
  if (ledger.unread_events > 0)
    note(fmt::format("  {} of the log not in the records yet.\n",
                     count(ledger.unread_events, "event")));
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
  auto account = settle_account(*disk, config::DataPaths(config->data_dir));
  if (!account) return report(account.error());
  bool color = colors_output(global.color);
  if (global.json) {
    print_json(*account);
  } else {
    print_table(*account, color);
    print_verdict(*account, color);
  }
  note_shortfalls(account->ledger);
  return account->difference.empty() ? exit_code::ok : exit_code::negative;
}

}  // namespace waypost::cli
