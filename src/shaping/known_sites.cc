#include "shaping/known_sites.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/check.h"
#include "shaping/shipped_sites.h"
#include "toml/document.h"
#include "toml/problems.h"
#include "toml/wording.h"

namespace waypost::shaping {
namespace {

using toml::Member;
using toml::Node;
using toml::Place;
using Kind = Node::Kind;

constexpr double most_max = 1e9;

bool is_host_pattern(std::string_view text) {
  if (text.starts_with("*.")) text.remove_prefix(2);
  if (text.find('.') == std::string_view::npos || text.front() == '.' || text.back() == '.')
    return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || base::is_digit(c) || c == '-' || c == '.';
  });
}

class SiteReader {
 public:
  SiteReader(const toml::Source& source, toml::Problems& problems)
      : file_(source.name), problems_(problems) {}

  KnownSite read(const Node& root) {
    for (const Member& member : root.members) {
      if (member.key == "site" && member.value.kind == Kind::table)
        read_site(member.value);
      else if (member.key == "limit" && member.value.kind == Kind::list)
        for (const Node& item : member.value.items) read_limit(item);
      else if (member.key == "as_of" && member.value.kind == Kind::text)
        site_.as_of = member.value.text;
      else
        problems_.report_unknown(member, "a site file", "it has `as_of`, [site] and [[limit]]");
    }
    check_whole(root.place);
    return std::move(site_);
  }

 private:
  void read_site(const Node& table) {
    for (const Member& member : table.members) {
      const Node& value = member.value;
      if (member.key == "id" && value.kind == Kind::text)
        site_.id = value.text;
      else if (member.key == "name" && value.kind == Kind::text)
        site_.name = value.text;
      else if (member.key == "note" && value.kind == Kind::text)
        site_.note = value.text;
      else if (member.key == "each_host_alone" && value.kind == Kind::boolean)
        site_.each_host_alone = value.boolean;
      else if (member.key == "match" && value.kind == Kind::list)
        read_match(value);
      else
        problems_.report_unknown(member, "[site]",
                                 "it has `id`, `name`, `match`, `each_host_alone` and `note`");
    }
  }

  void read_match(const Node& list) {
    for (const Node& item : list.items) {
      if (item.kind == Kind::text && is_host_pattern(item.text))
        site_.match.push_back(item.text);
      else
        problems_.report(item.place, "this is no mail host: \"mx.example.net\", \"*.example.net\"");
    }
  }

  void read_limit(const Node& table) {
    Statement stated;
    for (const Member& member : table.members) {
      const Node& value = member.value;
      if (member.key == "key" && value.kind == Kind::text)
        stated.key = value.text;
      else if (member.key == "most" && value.kind == Kind::integer)
        stated.most = double(value.integer);
      else if (member.key == "most" && value.kind == Kind::real)
        stated.most = value.real;
      else if (member.key == "source" && value.kind == Kind::text)
        stated.source = value.text;
      else if (member.key == "reason" && value.kind == Kind::text)
        stated.reason = value.text;
      else
        problems_.report_unknown(member, "[[limit]]",
                                 "it has `key`, `most`, `source` and `reason`");
    }
    take(std::move(stated), table.place);
  }

  // A limit without a reason and a page that states it is an invention.
  void take(Statement stated, const Place& place) {
    if (!stated.source.starts_with("https://") || stated.reason.empty())
      return problems_.report(place, "a limit needs its `source`, an https:// page, and `reason`");
    if (!(stated.most > 0 && stated.most <= most_max))
      return problems_.report(place, "`most` is a number above 0");
    bool known = false;
    each_limit([&](std::string_view name, auto limit) {
      if (name != stated.key) return;
      known = true;
      auto& target = site_.most.*limit;
      if (!target.origin.empty()) problems_.report(place, "this limit stands here twice");
      target.value = static_cast<decltype(target.value)>(stated.most);
      target.origin = fmt::format("rules/sites/{}:{}", file_, place.line);
    });
    if (!known)
      problems_.report(place, fmt::format("{} is no limit", toml::in_backquotes(stated.key)));
    site_.stated.push_back(std::move(stated));
  }

  void check_whole(const Place& place) {
    if (problems_.has_errors()) return;
    if (site_.id.empty() || site_.name.empty() || site_.match.empty() || site_.as_of.empty())
      problems_.report(place, "[site] needs `id`, `name` and `match`, and the file `as_of`");
    if (site_.stated.empty() && site_.note.empty())
      problems_.report(place, "a site without limits says in its `note` why it has none");
  }

  std::string file_;
  toml::Problems& problems_;
  KnownSite site_;
};

void check_once(const std::vector<KnownSite>& sites, toml::Problems& problems) {
  std::map<std::string, size_t> seen;
  for (size_t i = 0; i < sites.size(); ++i) {
    const Place place{unsigned(i), 1, 1, 1};
    if (!seen.try_emplace("id " + sites[i].id, i).second)
      problems.report(place, fmt::format("another file has the id {}", sites[i].id));
    for (const std::string& pattern : sites[i].match)
      if (!seen.try_emplace(pattern, i).second)
        problems.report(place, fmt::format("{} stands in two places", pattern));
  }
}

}  // namespace

LoadedSites load_sites(std::span<const toml::Source> sources) {
  LoadedSites loaded;
  toml::Problems problems(sources);
  for (size_t i = 0; i < sources.size(); ++i) {
    toml::Document document = toml::read_document(sources[i].text, unsigned(i));
    problems.report_syntax(document, sources[i]);
    loaded.sites.push_back(SiteReader(sources[i], problems).read(document.root));
  }
  if (!problems.has_errors()) check_once(loaded.sites, problems);
  loaded.diagnostics = problems.take();
  return loaded;
}

const std::vector<KnownSite>& known_sites() {
  static const std::vector<KnownSite> sites = [] {
    LoadedSites loaded = load_sites(shipped_sites());
    CHECK(loaded.diagnostics.empty());
    return std::move(loaded.sites);
  }();
  return sites;
}

SiteTable make_site_table(const SiteLimits& defaults, std::vector<SiteRule> own,
                          std::span<const KnownSite> known) {
  std::vector<SiteRule> rules = std::move(own);
  const size_t own_rules = rules.size();
  for (const KnownSite& site : known) {
    const auto own_end = rules.begin() + std::ptrdiff_t(own_rules);
    auto mine = std::find_if(rules.begin(), own_end,
                             [&](const SiteRule& rule) { return rule.id == site.id; });
    SiteLimits limits = within(defaults, site.most);
    if (mine == own_end) {
      rules.push_back({site.id, site.match, std::move(limits), true, site.each_host_alone});
      continue;
    }
    mine->limits = changed(std::move(limits), mine->limits);
    if (!mine->match.empty()) continue;
    mine->match = site.match;
    mine->mail_hosts_only = true;
    mine->each_host_alone = site.each_host_alone;
  }
  for (size_t i = 0; i < own_rules; ++i) rules[i].limits = changed(defaults, rules[i].limits);
  return {defaults, std::move(rules)};
}

}  // namespace waypost::shaping
