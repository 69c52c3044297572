#include "cli/providers_command.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "cli/load_config.h"
#include "cli/relay_client.h"
#include "cli/site_source.h"
#include "cli/terminal_text.h"
#include "config/data_paths.h"
#include "io/clock.h"
#include "io/disk.h"
#include "records/recent.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using records::SiteTally;

// A walk through a long queue takes its time.
constexpr Duration patience = std::chrono::minutes(2);
constexpr std::chrono::hours looked_back{1};
constexpr size_t site_columns = 30;
constexpr size_t classes_shown_max = 4;

struct Row {
  SiteState state;
  SiteTally tally;
};

// Sites that mail waits for, and those that had some in the last hour.
std::vector<Row> join(RelayState& relay, records::Recent& recent) {
  sort_by_trouble(relay.sites);
  std::vector<Row> rows;
  for (SiteState& site : relay.sites) {
    auto tally = recent.sites.extract(site.name);
    if (site.queued == 0 && site.measure == "open" && !tally) continue;
    rows.push_back({std::move(site), tally ? std::move(tally.mapped()) : SiteTally()});
  }
  for (auto& [name, tally] : recent.sites) {
    SiteState gone;
    gone.name = name;
    gone.measure = "open";
    rows.push_back({std::move(gone), std::move(tally)});
  }
  return rows;
}

// "20", not "2E1".
json::value to_json(double number) {
  if (number >= 0 && number < 1e15 && number == std::floor(number)) return uint64_t(number);
  return number;
}

json::object to_json(const std::vector<SiteLimit>& limits) {
  json::object all;
  for (const SiteLimit& limit : limits) {
    json::object one{{"most", to_json(limit.most)}, {"origin", base::to_valid_utf8(limit.origin)}};
    if (limit.used) one["used"] = *limit.used;
    all[limit.key] = std::move(one);
  }
  return all;
}

json::object to_json(const Row& row) {
  const SiteState& site = row.state;
  json::object holds;
  for (const auto& [hold, count] : site.holds) holds[hold] = count;
  json::object classes;
  for (const auto& [slug, count] : row.tally.classes) classes[slug] = count;
  json::object object{{"site", site.name},
                      {"queued", site.queued},
                      {"holds", std::move(holds)},
                      {"connections", site.attempts},
                      {"connections_max", site.connections_max},
                      {"connections_limit", site.connections_limit},
                      {"per_second", site.per_second},
                      {"delivered_last_minute", row.tally.delivered_last_minute},
                      {"delivered_last_hour", row.tally.delivered},
                      {"deferred_last_hour", row.tally.deferred},
                      {"bounced_last_hour", row.tally.bounced},
                      {"classes_last_hour", std::move(classes)},
                      {"last_reply", base::to_valid_utf8(row.tally.last_reply)},
                      {"measure", site.measure},
                      {"troubles", site.troubles},
                      {"last_trouble", base::to_valid_utf8(site.last_trouble)},
                      {"hold", site.hold},
                      {"reason", base::to_valid_utf8(site.reason)},
                      {"limit_origin", site.limit_origin},
                      {"limits", to_json(site.limits)},
                      {"limit_reason", base::to_valid_utf8(site.limit_reason)}};
  if (!site.slowed_by.empty()) {
    object["slowed_by"] = base::to_valid_utf8(site.slowed_by);
    object["slowed_since"] = base::to_rfc3339(site.slowed_since);
  }
  if (site.oldest_at != WallTime()) object["oldest_at"] = base::to_rfc3339(site.oldest_at);
  if (site.next_attempt_at != WallTime())
    object["next_attempt_at"] = base::to_rfc3339(site.next_attempt_at);
  return object;
}

std::string classes_text(const SiteTally& tally) {
  std::vector<std::pair<uint64_t, std::string>> classes;
  for (const auto& [slug, count] : tally.classes) classes.emplace_back(count, slug);
  std::sort(classes.rbegin(), classes.rend());
  std::string text;
  for (size_t i = 0; i < std::min(classes.size(), classes_shown_max); ++i)
    text += fmt::format("{}{} {}", i > 0 ? " · " : "", classes[i].second, classes[i].first);
  return text;
}

// Those that somebody set, with who did.
std::string limits_text(const std::vector<SiteLimit>& limits) {
  std::string text;
  for (const SiteLimit& limit : limits) {
    if (limit.origin == "built-in default") continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : " · ", limit.key, limit.most);
    if (limit.used) text += fmt::format(" ({} used)", *limit.used);
    text += fmt::format(", {}", limit.origin);
  }
  return text;
}

Style style_of(const SiteState& site) {
  if (site.measure == "stop" || site.measure == "probe") return Style::bad;
  if (site.measure == "slow" || site.hold == "deferred" || site.hold == "paused" ||
      site.hold == "quota")
    return Style::warning;
  return Style::plain;
}

void print_row(const Row& row, WallTime now, bool color) {
  const SiteState& site = row.state;
  const std::string oldest =
      site.oldest_at == WallTime() ? "" : base::to_human(now - site.oldest_at);
  print(fmt::format("{} {:>8} {:>9} {:>7} {:>6} {:>9} {:>8} {:>7}  {}\n",
                    in_columns(site.name.empty() ? "(not known yet)" : site.name, site_columns),
                    site.queued, oldest, fmt::format("{}/{}", site.attempts, site.connections_max),
                    row.tally.delivered_last_minute, row.tally.delivered, row.tally.deferred,
                    row.tally.bounced, styled(site.measure, style_of(site), color)));
  if (!site.hold.empty()) {
    std::string line = fmt::format("{}: {}", site.hold, site.reason);
    if (!site.limit_origin.empty()) line += fmt::format(" ({})", site.limit_origin);
    if (site.next_attempt_at > now)
      line += fmt::format("; next in {}", base::to_human(site.next_attempt_at - now));
    print("    " + styled(line, style_of(site), color) + "\n");
  }
  if (!site.slowed_by.empty() && site.reason.find(site.slowed_by) == std::string::npos) {
    const std::string line =
        fmt::format("{} of {} connections for {}: {}", site.connections_max, site.connections_limit,
                    base::to_human(now - site.slowed_since), site.slowed_by);
    print("    " + styled(terminal_text(line), Style::warning, color) + "\n");
  }
  std::string limits = limits_text(site.limits);
  if (!site.limit_reason.empty()) limits += ": " + site.limit_reason;
  if (!limits.empty())
    print("    " + styled("limits: " + terminal_text(limits), Style::dim, color) + "\n");
  if (std::string classes = classes_text(row.tally); !classes.empty())
    print("    " + styled("replies: " + classes, Style::dim, color) + "\n");
}

void print_table(const std::vector<Row>& rows, WallTime now, bool color) {
  const std::string head =
      fmt::format("{} {:>8} {:>9} {:>7} {:>6} {:>9} {:>8} {:>7}", in_columns("site", site_columns),
                  "queued", "oldest", "conn", "/min", "delivered", "deferred", "bounced");
  print(styled(head, Style::dim, color) +
        styled("  now; the last three in the last hour", Style::dim, color) + "\n");
  for (const Row& row : rows) print_row(row, now, color);
}

}  // namespace

std::string in_columns(std::string_view text, size_t columns) {
  const std::string safe = terminal_text(text);
  auto begins = [](char c) { return (uint8_t(c) & 0xc0) != 0x80; };
  const auto characters = size_t(std::count_if(safe.begin(), safe.end(), begins));
  if (characters <= columns) return safe + std::string(columns - characters, ' ');
  if (columns == 0) return "";
  size_t end = 0;
  for (size_t seen = 0; end < safe.size(); ++end)
    if (begins(safe[end]) && ++seen == columns) break;
  return safe.substr(0, end) + "…";
}

int providers_command(const Global& global) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  const config::DataPaths paths(config->data_dir);
  auto relay = ask_for_sites(paths.control_socket, true, patience);
  if (!relay) {
    if (!nobody_listens(relay.error())) return report(relay.error());
    note("waypost: Waypost is not running; `waypost queue ls` reads what waits all the same\n");
    return exit_code::temporary;
  }
  const WallTime now = io::SystemClock().wall_now();
  auto disk = io::make_system_disk();
  auto recent = records::read_recent(*disk, paths.records, now - looked_back, now);
  if (!recent) return report(recent.error());
  std::vector<Row> rows = join(*relay, *recent);
  if (global.json)
    for (const Row& row : rows) print(json::serialize(to_json(row)) + "\n");
  else
    print_table(rows, now, colors_output(global.color));
  if (global.quiet) return exit_code::ok;
  for (const std::string& problem : recent->problems)
    note(fmt::format("  {}\n", base::escape_control(problem)));
  if (!recent->complete)
    note(fmt::format("  Only the newest {} events of the last hour are counted.\n",
                     records::recent_events_max));
  if (rows.empty()) note("  No site has had mail in the last hour, and none waits.\n");
  return exit_code::ok;
}

}  // namespace waypost::cli
