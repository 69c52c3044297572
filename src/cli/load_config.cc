#include "cli/load_config.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "cli/check_machine.h"
#include "cli/check_online.h"
#include "cli/load_rules.h"
#include "config/parse.h"
#include "io/disk.h"
#include "shaping/known_sites.h"

namespace waypost::cli {
namespace {

constexpr uint64_t file_octets_max = 1 << 20;

Result<std::vector<config::Source>> read_sources(io::Disk& disk, const std::string& main_file) {
  std::vector<config::Source> sources;
  auto add = [&](const std::string& path) -> Result<void> {
    TRY(std::string text, disk.read_file(path, file_octets_max));
    sources.push_back({path, std::move(text)});
    return {};
  };
  TRY_VOID(add(main_file));
  size_t slash = main_file.rfind('/');
  std::string folder =
      (slash == std::string::npos ? "" : main_file.substr(0, slash + 1)) + std::string("conf.d");
  TRY(std::vector<std::string> names, disk.list(folder));
  for (const std::string& name : names)
    if (name.ends_with(".toml") && !name.starts_with(".")) TRY_VOID(add(folder + "/" + name));
  return sources;
}

int could_not_read(const Error& error, const std::string& file) {
  report(error);
  if (error.code() == ErrorCode::not_found)
    note(
        fmt::format("  Write {} first (docs/operate/waypost.toml in the sources is a commented\n"
                    "  start), or name another file with --config FILE.\n",
                    file));
  return error.code() == ErrorCode::permission_denied ? exit_code::rights
                                                      : exit_code::configuration;
}

struct Loaded {
  std::vector<config::Source> sources;
  config::Parsed parsed;
};

Result<Loaded> read(const Global& global) {
  auto disk = io::make_system_disk();
  TRY(std::vector<config::Source> sources, read_sources(*disk, global.config_file));
  std::vector<std::string> known;
  for (const shaping::KnownSite& site : shaping::known_sites()) known.push_back(site.id);
  config::Parsed parsed = config::parse(sources, known);
  return Loaded{std::move(sources), std::move(parsed)};
}

tl::expected<Loaded, int> load(const Global& global) {
  auto loaded = read(global);
  if (!loaded) return tl::unexpected(could_not_read(loaded.error(), global.config_file));
  return *std::move(loaded);
}

// The flags that override what the files say.
Result<config::Config> with_flags(const Global& global, config::Config config) {
  if (global.resolver.empty()) return config;
  TRY(config.dns.resolver, Endpoint::parse(global.resolver, 53));
  return config;
}

void show(const Loaded& loaded, const Global& global, bool show_warnings) {
  for (const config::Diagnostic& diagnostic : loaded.parsed.diagnostics)
    if (show_warnings || diagnostic.severity == config::Severity::error)
      note(toml::render(diagnostic, loaded.sources, notes_have_color(global.color)) + "\n");
}

std::string json_of(const Loaded& loaded, const std::vector<MachineProblem>& machine, bool good) {
  boost::json::array diagnostics;
  for (const config::Diagnostic& diagnostic : loaded.parsed.diagnostics) {
    boost::json::object object;
    object["severity"] = diagnostic.severity == config::Severity::error ? "error" : "warning";
    object["file"] = diagnostic.file;
    object["line"] = diagnostic.line;
    object["column"] = diagnostic.column;
    object["message"] = diagnostic.message;
    object["expected"] = diagnostic.expected;
    object["help"] = diagnostic.help;
    if (diagnostic.did_you_mean) object["did_you_mean"] = *diagnostic.did_you_mean;
    diagnostics.push_back(std::move(object));
  }
  boost::json::array problems;
  for (const MachineProblem& problem : machine)
    problems.push_back(boost::json::object{{"severity", problem.stops_serve ? "error" : "warning"},
                                           {"message", problem.text}});
  return boost::json::serialize(boost::json::object{
      {"ok", good}, {"diagnostics", std::move(diagnostics)}, {"machine", std::move(problems)}});
}

}  // namespace

tl::expected<config::Config, int> load_config(const Global& global, bool show_warnings) {
  auto loaded = load(global);
  if (!loaded) return tl::unexpected(loaded.error());
  show(*loaded, global, show_warnings);
  if (!loaded->parsed.config) return tl::unexpected(exit_code::configuration);
  auto config = with_flags(global, *std::move(loaded->parsed.config));
  if (!config) return tl::unexpected(report(config.error()));
  return *std::move(config);
}

tl::expected<Setup, int> load_setup(const Global& global) {
  auto config = load_config(global, true);
  if (!config) return tl::unexpected(config.error());
  auto rules = load_rules(global, config->rules_dir);
  if (!rules) return tl::unexpected(rules.error());
  return Setup{*std::move(config), *std::move(rules)};
}

tl::expected<Setup, std::vector<std::string>> load_setup_quietly(const Global& global) {
  using Problems = std::vector<std::string>;
  auto loaded = read(global);
  if (!loaded) return tl::unexpected(Problems{loaded.error().describe()});
  if (!loaded->parsed.config) return tl::unexpected(one_line_each(loaded->parsed.diagnostics));
  auto config = with_flags(global, *std::move(loaded->parsed.config));
  if (!config) return tl::unexpected(Problems{config.error().describe()});
  auto rules = load_rules_quietly(config->rules_dir);
  if (!rules) return tl::unexpected(std::move(rules).error());
  return Setup{*std::move(config), *std::move(rules)};
}

std::vector<std::string> one_line_each(const std::vector<toml::Diagnostic>& diagnostics) {
  std::vector<std::string> lines;
  for (const toml::Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != toml::Severity::error) continue;
    std::string line = fmt::format("{}:{}:{}: {}", diagnostic.file, diagnostic.line,
                                   diagnostic.column, diagnostic.message);
    if (!diagnostic.expected.empty()) line += " (" + diagnostic.expected + ")";
    lines.push_back(std::move(line));
  }
  return lines;
}

namespace {

bool takes_all(const config::RouteRule& route) {
  return std::find(route.match.begin(), route.match.end(), "*") != route.match.end();
}

// Where mail goes, for people.
std::string destinations(const config::Config& config) {
  std::string text;
  for (const config::RouteRule& route : config.routes) {
    text += fmt::format("{}:{}", route.next_hop.host, route.next_hop.port);
    if (takes_all(route)) return text;
    text += fmt::format(" for {}, else to ", fmt::join(route.match, ", "));
  }
  const auto& all = config.delivery.next_hop;
  return text +
         (all ? fmt::format("{}:{}", all->host, all->port) : "each domain's own mail hosts (MX)");
}

}  // namespace

int check_command(const Global& global, const CheckArguments& arguments) {
  auto loaded = load(global);
  if (!loaded) return loaded.error();
  bool good = loaded->parsed.config.has_value() &&
              load_rules(global, loaded->parsed.config->rules_dir).has_value();
  std::vector<MachineProblem> machine;
  if (good) machine = check_machine(*loaded->parsed.config);
  if (good && arguments.online) {
    auto online = online_problems(*loaded->parsed.config, arguments.towards, global.quiet);
    machine.insert(machine.end(), online.begin(), online.end());
  }
  for (const MachineProblem& problem : machine) good &= !problem.stops_serve;
  if (global.json) {
    print(json_of(*loaded, machine, good) + "\n");
  } else {
    show(*loaded, global, true);
    for (const MachineProblem& problem : machine)
      note(fmt::format("{}: {}\n", problem.stops_serve ? "error" : "warning",
                       base::escape_control(problem.text)));
    if (good && !global.quiet) {
      const config::Config& config = *loaded->parsed.config;
      print(fmt::format("{} is good: {} file(s), {} listener(s), mail goes to {}\n",
                        global.config_file, loaded->sources.size(), config.listeners.size(),
                        destinations(config)));
    }
  }
  return good ? exit_code::ok : exit_code::configuration;
}

}  // namespace waypost::cli
