#include "cli/limit_commands.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/narrowing_option.h"
#include "cli/person.h"
#include "cli/relay_client.h"
#include "cli/relay_object.h"
#include "cli/terminal_text.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;

std::string who() { return person().substr(0, queue::asked_limit_text_octets_max); }

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

template <class T>
T amount_within(const queue::AskedKey<T>& key, const json::value& amount) {
  return T(std::clamp(amount.to_number<double>(), 0.0, double(key.most)));
}

void print_limit(const Global& global, const json::value& value) {
  if (!value.is_object()) return;
  const json::object& object = value.get_object();
  queue::AskedLimit limit;
  limit.site = text_of(object, "site");
  limit.by = text_of(object, "by");
  limit.reason = text_of(object, "reason");
  limit.until = base::parse_rfc3339(text_of(object, "until")).value_or(WallTime());
  queue::each_asked([&](const auto& key) {
    const json::value* amount = object.if_contains(key.name);
    if (amount && amount->is_number()) limit.*key.asked = amount_within(key, *amount);
  });
  print(styled(terminal_text(limit.text()), Style::plain, colors_output(global.color)) + "\n");
}

bool sets_any(const queue::AskedLimit& asked) {
  bool any = false;
  queue::each_asked([&](const auto& key) { any |= asked.*key.asked != 0; });
  return any;
}

int list_limits(const Global& global) {
  auto answer = ask_for_object(global, R"({"command":"limits"})", relay_patience);
  if (!answer) return answer.error();
  if (global.json) {
    print(json::serialize(*answer) + "\n");
    return exit_code::ok;
  }
  const json::value* limits = answer->if_contains("limits");
  if (!limits || !limits->is_array()) return exit_code::could_not_finish;
  for (const json::value& limit : limits->get_array()) print_limit(global, limit);
  if (limits->get_array().empty() && !global.quiet)
    note("  Nobody has set a limit; `waypost providers` shows those that are configured.\n");
  return exit_code::ok;
}

int limit_command(const Global& global, const LimitArguments& arguments) {
  const queue::AskedLimit& asked = arguments.asked;
  if (asked.site.empty()) {
    if (!sets_any(asked) && asked.reason.empty() && arguments.lasts.empty())
      return list_limits(global);
    note("waypost: say which site to limit, as `waypost providers` names it\n");
    return exit_code::usage;
  }
  if (!sets_any(asked)) {
    note(
        "waypost: say how much at most, such as --messages-per-second 1 or --connections 2; "
        "`waypost pause --site` keeps back all\n");
    return exit_code::usage;
  }
  auto request = limit_request(arguments, who());
  if (!request) return report(request.error());
  auto answer = ask_for_object(global, *request, relay_patience);
  if (!answer) return answer.error();
  const json::value* limited = answer->if_contains("limited");
  if (!limited) return exit_code::could_not_finish;
  if (global.json)
    print(json::serialize(*answer) + "\n");
  else
    print_limit(global, *limited);
  const json::value* known = answer->if_contains("known");
  if (known && known->is_bool() && !known->get_bool() && !global.json && !global.quiet)
    note("  No mail has come to a site of this name of late; `waypost providers` has the names.\n");
  return exit_code::ok;
}

int unlimit_command(const Global& global, const LimitArguments& arguments) {
  auto answer =
      ask_for_object(global, unlimit_request(arguments.asked.site, who()), relay_patience);
  if (!answer) return answer.error();
  const json::value* lifted = answer->if_contains("lifted");
  const bool found = lifted && lifted->is_bool() && lifted->get_bool();
  if (global.json)
    print(json::serialize(*answer) + "\n");
  else if (!global.quiet)
    note(found ? "  The limit is lifted; those that are configured hold.\n"
               : "  No such limit; `waypost limit` lists them.\n");
  return found ? exit_code::ok : exit_code::negative;
}

}  // namespace

void add_limit_commands(CLI::App& app, LimitLine& line) {
  CLI::App* limit = app.add_subcommand(
      "limit",
      "Send a site less than its limits allow, for a time; without arguments, list such limits");
  queue::AskedLimit& asked = line.limit.asked;
  limit->add_option("site", asked.site, "Site, as `waypost providers` names it")
      ->type_name("SITE")
      ->check(not_empty());
  queue::each_asked([&](const auto& key) {
    std::string option = fmt::format("--{}", key.name);
    std::replace(option.begin(), option.end(), '_', '-');
    limit->add_option(option, asked.*key.asked, fmt::format("At most so many {}", key.words))
        ->type_name("NUMBER")
        ->check(CLI::Range(key.least, key.most));
  });
  add_narrowing(*limit, "--for", line.limit.lasts,
                "End by itself after this time, of 7d at most; without, after 1h", "TIME");
  limit->add_option("--reason", asked.reason, "Why, for those who see mail waiting")
      ->type_name("TEXT");
  limit->callback(
      [&line] { line.command = [&line] { return limit_command(line.global, line.limit); }; });
  CLI::App* unlimit = app.add_subcommand("unlimit", "Lift the limit that was set for a site");
  unlimit->add_option("site", asked.site, "Site, as `waypost limit` lists it")
      ->type_name("SITE")
      ->check(not_empty())
      ->required();
  unlimit->callback(
      [&line] { line.command = [&line] { return unlimit_command(line.global, line.limit); }; });
}

Result<std::string> limit_request(const LimitArguments& arguments, const std::string& by) {
  const queue::AskedLimit& asked = arguments.asked;
  json::object request{{"command", "limit"}, {"site", asked.site}};
  queue::each_asked([&](const auto& key) {
    if (asked.*key.asked != 0) request[key.name] = asked.*key.asked;
  });
  request["by"] = by;
  request["reason"] = asked.reason;
  if (arguments.lasts.empty()) return json::serialize(request);
  Result<Duration> lasts = base::parse_duration(arguments.lasts);
  if (!lasts) return failure(std::move(lasts).error().while_doing("reading --for"));
  if (*lasts < std::chrono::seconds(1) || *lasts > queue::asked_limit_lasts_max)
    return failure(ErrorCode::invalid_input, "--for takes 1s to 7d: a limit ends by itself");
  request["for_s"] = std::chrono::duration_cast<std::chrono::seconds>(*lasts).count();
  return json::serialize(request);
}

std::string unlimit_request(const std::string& site, const std::string& by) {
  return json::serialize(json::object{{"command", "unlimit"}, {"site", site}, {"by", by}});
}

}  // namespace waypost::cli
