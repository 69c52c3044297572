#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/time.h"
#include "config/complaint.h"
#include "config/table_checks.h"
#include "toml/wording.h"

namespace waypost::config {

using toml::in_backquotes;
namespace {

// A rule for a site that the program knows may leave its hosts to the program.
void check_site_hosts(Notebook& notebook, const SiteRule& site, const std::string& path,
                      std::span<const std::string> known_sites) {
  bool is_known = std::find(known_sites.begin(), known_sites.end(), site.id) != known_sites.end();
  if (is_known || site.id.empty() || notebook.is_written(path + ".match")) return;
  const std::vector<std::string_view> names(known_sites.begin(), known_sites.end());
  Diagnostic diagnostic;
  diagnostic.message = "`match` is missing in this [[site]]";
  diagnostic.help = fmt::format(
      "{} is no site that Waypost knows (`waypost providers --known`): write which recipient "
      "domains "
      "or MX hosts it is, as `match = [\"gmail.com\", \"*.google.com\"]`",
      in_backquotes(site.id));
  diagnostic.did_you_mean = toml::closest(site.id, names);
  notebook.report(notebook.place(path + ".id"), std::move(diagnostic));
}

// No more than `most` in all, so that something is left for the mail of no rule.
void check_parts(Notebook& notebook, const Config& config, std::string_view key,
                 double StreamRule::*part, double most) {
  double sum = 0;
  for (size_t i = 0; i < config.streams.size(); ++i) {
    const std::string path = fmt::format("{}.{}", item("stream", i), key);
    if (!notebook.is_usable(path)) continue;
    sum += config.streams[i].*part;
    constexpr double rounding = 1e-9;
    if (sum <= most + rounding || !notebook.is_written(path)) continue;
    return refuse_at(notebook, notebook.place(path),
                     {fmt::format("up to here, `{}` of all streams adds up to {:.2f}", key, sum),
                      fmt::format("expected {} at most", most),
                      "what is left is for the mail of all other streams"});
  }
}

}  // namespace

void check_sites(Notebook& notebook, const Config& config,
                 std::span<const std::string> known_sites) {
  std::map<std::string, Place> ids;
  std::map<std::string, Place> patterns;
  for (size_t i = 0; i < config.sites.size(); ++i) {
    const SiteRule& site = config.sites[i];
    std::string path = item("site", i);
    Place match = notebook.place(path + ".match");
    if (!site.id.empty())
      check_once(notebook, ids, site.id, notebook.place(path + ".id"), "[[site]]", "id");
    check_site_hosts(notebook, site, path, known_sites);
    for (const std::string& pattern : site.match)
      check_once(notebook, patterns, pattern, match, "[[site]]", "pattern");
    if (match.line != 0 && notebook.is_usable(path + ".match") && site.match.empty())
      refuse_at(notebook, match,
                {"`match` is empty", "expected at least one domain",
                 "a rule that matches nothing has no effect"});
  }
}

void check_streams(Notebook& notebook, const Config& config) {
  std::map<std::string, Place> ids;
  for (size_t i = 0; i < config.streams.size(); ++i) {
    const StreamRule& stream = config.streams[i];
    const std::string path = item("stream", i);
    if (!stream.id.empty())
      check_once(notebook, ids, stream.id, notebook.place(path + ".id"), "[[stream]]", "id");
    if (stream.reserve > 0 && !notebook.is_written(path + ".share"))
      refuse_at(notebook, notebook.place(path + ".reserve"),
                {"something is kept free for a stream without a share", "",
                 "add `share = 0.5`: its part of the turns where other mail waits, too"});
    if (stream.expire_after && *stream.expire_after > config.queue.expire_after)
      refuse_at(notebook, notebook.place(path + ".expire_after"),
                {"this stream would live longer than `expire_after` of [queue] lets any mail", "",
                 fmt::format("that is {}: write less here, or more there",
                             base::to_human(config.queue.expire_after))});
  }
  check_parts(notebook, config, "share", &StreamRule::share, 0.9);
  check_parts(notebook, config, "reserve", &StreamRule::reserve, 0.5);
}

}  // namespace waypost::config
