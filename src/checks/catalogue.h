#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "toml/diagnostic.h"

// What `waypost doctor` can find, as rules/checks has it: the words and remedies behind each id.
// docs/format/checks.md describes the files.
namespace waypost::checks {

enum class Severity { error, warning, note };
std::string_view name(Severity severity);

// How sure a check is when it says no more itself.
enum class Confidence { certain, likely, possible };
std::string_view name(Confidence confidence);

// "nodemailer" and the changed setting in its syntax; the most asked for programs first.
using Pairs = std::vector<std::pair<std::string, std::string>>;

// One way out.
struct Fix {
  std::string id;                  // within its check: "starttls"
  std::string who;                 // client, server, network, dns, provider
  std::string text;                // a sentence or two
  std::vector<std::string> lines;  // commands and click paths, as they are typed
  Pairs set;                       // what to change in the settings: host, port, tls, user, from
  Pairs hints;                     // the changed setting as a program's own line
};

// A cause with an append-only id. Texts may have places: {host}.
struct Check {
  std::string id;    // "M3001"
  std::string slug;  // "tls-mode-mismatch", another name for it
  int rung = 0;      // 1 to 6
  Severity severity = Severity::error;
  Confidence confidence = Confidence::certain;
  bool temporary = false;                 // may pass by itself
  std::string title;                      // at most title_columns_max
  std::string observed;                   // what was seen
  std::string means;                      // what that means
  std::string verdict;                    // the last line of a report: what to do, in a few words
  std::vector<Fix> fixes;                 // the best first, at least one
  std::vector<std::string> hides_behind;  // what programs and servers say in its place
  std::vector<std::string> rules_out;     // what is not to blame, beside the rungs below
  std::vector<std::string> rules;         // of rules/replies: a reply that they read means this
  std::vector<std::string> classes;       // of replies: what no rule above decides
  std::string note;                       // what changes, and when
  std::vector<std::string> see;           // ids, topics, classes
  std::vector<std::string> source;        // RFCs and pages
  std::string as_of;                      // the month in which it was true: "2026-11"

  // By its id; null when there is none.
  const Fix* fix(std::string_view fix_id) const;
};

inline constexpr size_t title_columns_max = 60;
inline constexpr size_t line_columns_max = 70;

// Places and what stands there. Values may be octets from outside: whoever shows them escapes them.
using Values = std::map<std::string, std::string>;

// `text` with its places filled; one without a value becomes its name in capitals, "HOST".
std::string fill(std::string_view text, const Values& values);
// The names of the places in `text`, in their order.
std::vector<std::string> places_in(std::string_view text);

class Catalogue {
 public:
  // In the order of their ids.
  const std::vector<Check>& all() const { return checks_; }
  // By id, in either case, or slug; null when there is none.
  const Check* find(std::string_view name) const;

 private:
  friend struct LoadedCatalogue load_catalogue(std::span<const toml::Source> sources);

  std::vector<Check> checks_;
  std::map<std::string, size_t, std::less<>> index_;
};

struct LoadedCatalogue {
  Catalogue catalogue;
  std::vector<toml::Diagnostic> diagnostics;
};

// Each file is one rung with its [[check]] tables. What is wrong is reported with its place, and
// the check that it stands in is left out: a key that is not known or is missing, an id or slug
// that is used twice, an id of another rung, a place that nobody fills, a `see` to an id that is
// not there.
LoadedCatalogue load_catalogue(std::span<const toml::Source> sources);

// The one that the program carries. Tests hold it to be without fault. Any thread.
const Catalogue& shipped_catalogue();

}  // namespace waypost::checks
