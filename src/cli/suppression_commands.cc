#include "cli/suppression_commands.h"

#include <algorithm>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "cli/load_config.h"
#include "cli/person.h"
#include "cli/suppression_csv.h"
#include "cli/suppression_source.h"
#include "cli/told_time.h"
#include "cli/words.h"
#include "guard/address.h"
#include "io/clock.h"
#include "io/disk.h"
#include "records/suppression_json.h"
#include "smtp/address.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using records::Suppression;
using records::SuppressionScope;

constexpr uint64_t import_octets_max = 512 << 20;
constexpr size_t problems_shown_max = 20;
constexpr std::string_view by_hand = "by-hand";

// Of hostile octets, too.
std::string safe(const std::string& text) { return styled(text, Style::plain, false); }

std::string day_of(WallTime time) { return base::to_rfc3339(time).substr(0, 10); }

std::string scope_of(const Suppression& entry) {
  return entry.scope == SuppressionScope::all_mail
             ? ""
             : " for " + safe(records::text_of(entry.scope, entry.scope_name));
}

std::string line_of(const Suppression& entry, WallTime now) {
  std::string end;
  if (entry.expires)
    end = (*entry.expires <= now ? ", ran out " : ", until ") + day_of(*entry.expires);
  return fmt::format("{:<40} {:<20} since {}{}{}\n", safe(entry.address), entry.reason,
                     day_of(entry.since), end, scope_of(entry));
}

void print_entry(const Global& global, const Suppression& entry, WallTime now) {
  print(global.json ? json::serialize(records::to_json(entry)) + "\n" : line_of(entry, now));
}

void print_whole(const Suppression& entry, WallTime now, bool color) {
  std::string page = styled(safe(entry.address), Style::bold, color) + "\n";
  auto add = [&](std::string_view label, const std::string& value) {
    if (!value.empty()) page += fmt::format("  {:<10}{}\n", label, safe(value));
  };
  add("reason", entry.reason);
  add("for", entry.scope == SuppressionScope::all_mail
                 ? "all mail"
                 : records::text_of(entry.scope, entry.scope_name));
  add("since", base::to_rfc3339(entry.since));
  if (entry.expires)
    add(*entry.expires <= now ? "ran out" : "until", base::to_rfc3339(*entry.expires));
  add("by", entry.who);
  add("message", entry.message);
  add("because", entry.evidence);
  print(page);
}

// What whoever writes to it again should know.
std::string_view warning_about(std::string_view reason) {
  if (reason == "complaint")
    return "This person called your mail spam: write again only if they asked for it.";
  if (reason == "unsubscribe")
    return "This person asked not to be written to: write again only if they asked for it.";
  if (reason == "domain-not-found" || reason == "no-mx")
    return "The domain took no mail: `waypost doctor` says whether it does now.";
  if (reason == by_hand) return "";
  return "If the address still is no good, the next bounce puts it back on the list.";
}

Result<records::SuppressionFilter> filter_of(const SuppressionArguments& arguments) {
  records::SuppressionFilter filter{arguments.reason, arguments.domain, {}};
  if (arguments.since.empty()) return filter;
  TRY(filter.since, parse_past_time(arguments.since, io::SystemClock().wall_now()));
  return filter;
}

Scoped scope_of(const SuppressionArguments& arguments) {
  if (!arguments.stream.empty())
    return std::pair(SuppressionScope::stream, base::to_lower(arguments.stream));
  if (!arguments.sender_domain.empty())
    return std::pair(SuppressionScope::sender_domain, guard::domain_key(arguments.sender_domain));
  return std::nullopt;
}

Result<Suppression> new_entry(const SuppressionArguments& arguments) {
  const WallTime now = io::SystemClock().wall_now();
  Suppression entry;
  TRY(const smtp::Mailbox mailbox, smtp::parse_mailbox(arguments.address, smtp::Characters::utf8));
  entry.address = mailbox.text();
  entry.reason = arguments.reason.empty() ? by_hand : arguments.reason;
  if (!records::is_reason(entry.reason))
    return failure(ErrorCode::invalid_input,
                   "a reason is 1 to 64 of the characters a-z 0-9 -, such as recipient-unknown; "
                   "--note takes any words");
  entry.evidence = arguments.note;
  entry.since = now;
  if (!arguments.expires.empty()) {
    TRY(entry.expires, parse_future_time(arguments.expires, now));
  }
  entry.who = person();
  if (Scoped scope = scope_of(arguments)) std::tie(entry.scope, entry.scope_name) = *scope;
  return entry;
}

void note_problems(const std::string& file, const std::vector<CsvProblem>& problems) {
  for (size_t i = 0; i < std::min(problems.size(), problems_shown_max); ++i)
    note(fmt::format("{}:{}: left out: {}\n", base::escape_control(file), problems[i].line,
                     base::escape_control(problems[i].what)));
  if (problems.size() > problems_shown_max)
    note(fmt::format("  and {} more\n", problems.size() - problems_shown_max));
}

}  // namespace

int suppressions_ls_command(const Global& global, const SuppressionArguments& arguments) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  auto filter = filter_of(arguments);
  if (!filter) return report(filter.error());
  const WallTime now = io::SystemClock().wall_now();
  uint64_t shown = 0;
  auto complete = list_suppressions(*config, *filter, arguments.limit, [&](const auto& entry) {
    ++shown;
    print_entry(global, entry, now);
  });
  if (!complete) return report(complete.error());
  if (!global.quiet && !*complete) note("  There are more; --limit N shows more, export all.\n");
  if (!global.quiet && shown == 0) note("  Nothing of that is on the list.\n");
  return exit_code::ok;
}

int suppressions_show_command(const Global& global, const SuppressionArguments& arguments) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  auto found = find_suppressions(*config, arguments.address);
  if (!found) return report(found.error());
  const WallTime now = io::SystemClock().wall_now();
  for (const Suppression& entry : *found) {
    if (global.json)
      print_entry(global, entry, now);
    else
      print_whole(entry, now, colors_output(global.color));
  }
  if (!found->empty()) return exit_code::ok;
  if (!global.quiet) note("  It is not on the list: nothing keeps it from being written to.\n");
  return exit_code::negative;
}

int suppressions_add_command(const Global& global, const SuppressionArguments& arguments) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  auto entry = new_entry(arguments);
  if (!entry) return report(entry.error());
  auto added = add_suppressions(*config, {*entry}, true);
  if (!added) return report(added.error());
  if (global.json)
    print(json::serialize(records::to_json(*entry)) + "\n");
  else if (!global.quiet)
    note(fmt::format("  {} is not written to any more{}.\n", safe(entry->address),
                     scope_of(*entry)));
  return exit_code::ok;
}

int suppressions_rm_command(const Global& global, const SuppressionArguments& arguments) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  auto removed = remove_suppressions(*config, arguments.address, scope_of(arguments));
  if (!removed) return report(removed.error());
  const WallTime now = io::SystemClock().wall_now();
  for (const Suppression& entry : *removed) {
    if (global.json) print_entry(global, entry, now);
    if (global.json || global.quiet) continue;
    note("  Removed: " + line_of(entry, now));
    if (const auto warning = warning_about(entry.reason); !warning.empty())
      note(fmt::format("  {}\n", warning));
  }
  if (!removed->empty()) return exit_code::ok;
  if (!global.quiet) note("  It was not on the list.\n");
  return exit_code::negative;
}

int suppressions_import_command(const Global& global, const SuppressionArguments& arguments) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  auto text = io::make_system_disk()->read_file(arguments.file, import_octets_max);
  if (!text) {
    report(text.error());
    return exit_code::input;
  }
  Suppression otherwise;
  otherwise.reason = arguments.reason.empty() ? by_hand : arguments.reason;
  otherwise.since = io::SystemClock().wall_now();
  otherwise.who = person();
  auto rows = parse_suppressions_csv(*text, otherwise);
  if (!rows) {
    report(rows.error());
    return exit_code::input;
  }
  const uint64_t read = rows->entries.size();
  auto added = add_suppressions(*config, std::move(rows->entries), false);
  if (!added) return report(added.error());
  note_problems(arguments.file, rows->problems);
  if (global.json)
    print(json::serialize(json::object{
              {"read", read}, {"added", *added}, {"left_out", rows->problems.size()}}) +
          "\n");
  else if (!global.quiet)
    note(fmt::format("  {} read: {} added, {} on the list already, {} left out\n",
                     count(read + rows->problems.size(), "row"), *added, read - *added,
                     rows->problems.size()));
  return rows->problems.empty() ? exit_code::ok : exit_code::negative;
}

int suppressions_export_command(const Global& global, const SuppressionArguments& arguments) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  auto filter = filter_of(arguments);
  if (!filter) return report(filter.error());
  if (!global.json) print(suppressions_csv_head());
  auto complete = list_suppressions(*config, *filter, UINT64_MAX, [&](const auto& entry) {
    print(global.json ? json::serialize(records::to_json(entry)) + "\n"
                      : suppression_csv_row(entry));
  });
  if (!complete) return report(complete.error());
  return exit_code::ok;
}

}  // namespace waypost::cli
