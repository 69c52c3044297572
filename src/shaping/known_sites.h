#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shaping/limits.h"
#include "toml/diagnostic.h"

// What mailbox providers say of how much mail they take: rules/sites/*.toml, which the program
// carries (docs/format/rules.md).
namespace waypost::shaping {

// One limit as a provider states it.
struct Statement {
  std::string key;     // of SiteLimits
  double most = 0;     // that they take
  std::string source;  // the page
  std::string reason;  // what it says, in our words
};

struct KnownSite {
  std::string id;    // "yahoo"
  std::string name;  // "Yahoo and AOL"
  std::vector<std::string> match;
  bool each_host_alone = false;
  std::string note;  // what they do not say, or how it is meant; may be empty
  std::vector<Statement> stated;
  SiteLimits most = no_limits();  // the same; what they do not state has no origin
  std::string as_of;              // when the pages were read: "2026-11"
};

struct LoadedSites {
  std::vector<KnownSite> sites;  // in the order of their files
  std::vector<toml::Diagnostic> diagnostics;
};
// Reads rule files; what is wrong with one is a diagnostic. Total: takes any text.
LoadedSites load_sites(std::span<const toml::Source> sources);

// rules/sites/*.toml, read at the first call. Any thread.
const std::vector<KnownSite>& known_sites();

// The table of one's own rules, then what is known. A rule of one's own with the id of a known site
// changes it key by key, its hosts too where it has some. What a provider states only ever lowers
// `defaults`; a rule of one's own may go above it. The origin of each limit is kept.
SiteTable make_site_table(const SiteLimits& defaults, std::vector<SiteRule> own,
                          std::span<const KnownSite> known);

}  // namespace waypost::shaping
