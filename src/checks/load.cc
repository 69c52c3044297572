#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "base/ascii.h"
#include "checks/catalogue.h"
#include "toml/document.h"
#include "toml/problems.h"
#include "toml/wording.h"

namespace waypost::checks {
namespace {

using toml::Member;
using toml::Node;
using Kind = Node::Kind;
using Names = std::span<const std::string_view>;

// What a check can put into its texts.
constexpr std::string_view known_places[] = {
    "address",   "date",       "days", "domain", "host",       "limit", "list",      "meant",
    "mechanism", "mechanisms", "mode", "name",   "other_port", "port",  "recipient", "record",
    "resolver",  "seconds",    "seen", "sender", "setting",    "size",  "suffix",    "user"};
constexpr std::string_view actors[] = {"client", "server", "network", "dns", "provider"};
constexpr std::string_view settings[] = {"host", "port", "tls", "user", "from", "family"};
constexpr std::string_view dialects[] = {"nodemailer", "phpmailer", "django",      "laravel",
                                         "msmtp",      "postfix",   "wp-mail-smtp"};
constexpr std::string_view severities[] = {"error", "warning", "note"};
constexpr std::string_view confidences[] = {"certain", "likely", "possible"};

template <class Holder>
struct TextKey {
  std::string_view name;
  std::string Holder::*member;
  bool required;
};
template <class Holder>
struct ListKey {
  std::string_view name;
  std::vector<std::string> Holder::*member;
  bool required;
};

constexpr TextKey<Check> check_texts[] = {
    {"id", &Check::id, true},       {"slug", &Check::slug, true},
    {"title", &Check::title, true}, {"observed", &Check::observed, true},
    {"means", &Check::means, true}, {"verdict", &Check::verdict, true},
    {"note", &Check::note, false},  {"as_of", &Check::as_of, false},
};
constexpr ListKey<Check> check_lists[] = {
    {"hides_behind", &Check::hides_behind, true},
    {"rules_out", &Check::rules_out, false},
    {"rules", &Check::rules, false},
    {"classes", &Check::classes, false},
    {"see", &Check::see, false},
    {"source", &Check::source, true},
};
constexpr TextKey<Fix> fix_texts[] = {
    {"id", &Fix::id, true},
    {"who", &Fix::who, true},
    {"do", &Fix::text, true},
};
constexpr ListKey<Fix> fix_lists[] = {{"lines", &Fix::lines, false}};
struct PairsKey {
  std::string_view name;
  Pairs Fix::*member;
  Names keys;
};
constexpr PairsKey fix_pairs[] = {{"set", &Fix::set, settings}, {"hints", &Fix::hints, dialects}};

size_t columns(std::string_view text) {
  return size_t(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

bool contains(Names names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_slug(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || base::is_digit(c) || c == '-';
  });
}

bool is_id(std::string_view text) {
  return text.size() == 5 && text[0] == 'M' &&
         std::all_of(text.begin() + 1, text.end(), base::is_digit);
}

// Reads one [[check]]; what it reports makes the check unusable.
class CheckReader {
 public:
  CheckReader(toml::Problems& problems, int rung, const std::string& as_of)
      : problems_(problems), rung_(rung), as_of_(as_of) {}

  std::optional<Check> read(const Node& table);

 private:
  void report(const toml::Place& place, std::string message, std::string help = {}) {
    problems_.report(place, std::move(message), std::move(help));
    sound_ = false;
  }
  template <class Holder, size_t texts, size_t lists>
  bool read_member(const Member& member, Holder& holder, const TextKey<Holder> (&text_keys)[texts],
                   const ListKey<Holder> (&list_keys)[lists]);
  template <class Holder, size_t texts, size_t lists>
  void require(const Node& table, const Holder& holder, const TextKey<Holder> (&text_keys)[texts],
               const ListKey<Holder> (&list_keys)[lists]);
  bool read_pairs(const Member& member, Fix& fix);
  bool read_choice(const Member& member, Check& check);
  Fix read_fix(const Node& table);
  void read_fixes(const Member& member, Check& check);
  void judge_name(const Node& table, const Check& check);
  void judge_text(const toml::Place& place, std::string_view text);

  toml::Problems& problems_;
  int rung_;
  const std::string& as_of_;
  bool sound_ = true;
};

void CheckReader::judge_text(const toml::Place& place, std::string_view text) {
  for (const std::string& name : places_in(text))
    if (!contains(known_places, name))
      report(place, fmt::format("no check fills the place {}", toml::in_backquotes(name)),
             fmt::format("known are {}", toml::all_of(known_places)));
}

template <class Holder, size_t texts, size_t lists>
bool CheckReader::read_member(const Member& member, Holder& holder,
                              const TextKey<Holder> (&text_keys)[texts],
                              const ListKey<Holder> (&list_keys)[lists]) {
  for (const auto& key : text_keys) {
    if (key.name != member.key || member.value.kind != Kind::text) continue;
    judge_text(member.value.place, member.value.text);
    holder.*key.member = member.value.text;
    return true;
  }
  for (const auto& key : list_keys) {
    if (key.name != member.key || member.value.kind != Kind::list) continue;
    for (const Node& item : member.value.items) {
      if (item.kind != Kind::text) return false;
      judge_text(item.place, item.text);
      if (key.name == "lines" && columns(item.text) > line_columns_max)
        report(item.place, fmt::format("a line has at most {} columns", line_columns_max));
      (holder.*key.member).push_back(item.text);
    }
    return true;
  }
  return false;
}

template <class Holder, size_t texts, size_t lists>
void CheckReader::require(const Node& table, const Holder& holder,
                          const TextKey<Holder> (&text_keys)[texts],
                          const ListKey<Holder> (&list_keys)[lists]) {
  for (const auto& key : text_keys)
    if (key.required && (holder.*key.member).empty())
      report(table.place, fmt::format("`{}` is missing here", key.name));
  for (const auto& key : list_keys)
    if (key.required && (holder.*key.member).empty())
      report(table.place, fmt::format("`{}` is missing here", key.name));
}

bool CheckReader::read_pairs(const Member& member, Fix& fix) {
  for (const PairsKey& key : fix_pairs) {
    if (key.name != member.key || member.value.kind != Kind::table) continue;
    for (const Member& pair : member.value.members) {
      if (!contains(key.keys, pair.key) || pair.value.kind != Kind::text) {
        report(pair.place,
               fmt::format("{} has no {} of this form", toml::in_backquotes(key.name),
                           toml::in_backquotes(pair.key)),
               fmt::format("known are {}", toml::all_of(key.keys)));
        continue;
      }
      judge_text(pair.value.place, pair.value.text);
      (fix.*key.member).emplace_back(pair.key, pair.value.text);
    }
    auto place_of = [&key](const auto& pair) {
      return std::find(key.keys.begin(), key.keys.end(), pair.first) - key.keys.begin();
    };
    std::stable_sort((fix.*key.member).begin(), (fix.*key.member).end(),
                     [&](const auto& a, const auto& b) { return place_of(a) < place_of(b); });
    return true;
  }
  return false;
}

bool CheckReader::read_choice(const Member& member, Check& check) {
  const Node& value = member.value;
  auto index_in = [&](Names names) {
    auto found = std::find(names.begin(), names.end(), value.text);
    if (found == names.end())
      report(value.place,
             fmt::format("{} is none of {}", toml::in_backquotes(value.text), toml::one_of(names)));
    return found == names.end() ? 0 : int(found - names.begin());
  };
  if (member.key == "temporary" && value.kind == Kind::boolean)
    check.temporary = value.boolean;
  else if (member.key == "severity" && value.kind == Kind::text)
    check.severity = Severity(index_in(severities));
  else if (member.key == "confidence" && value.kind == Kind::text)
    check.confidence = Confidence(index_in(confidences));
  else
    return false;
  return true;
}

Fix CheckReader::read_fix(const Node& table) {
  Fix fix;
  for (const Member& member : table.members)
    if (!read_member(member, fix, fix_texts, fix_lists) && !read_pairs(member, fix))
      report(member.place,
             fmt::format("a fix has no {} of this form", toml::in_backquotes(member.key)));
  require(table, fix, fix_texts, fix_lists);
  if (!fix.who.empty() && !contains(actors, fix.who))
    report(table.place, fmt::format("`who` is {}", toml::one_of(actors)));
  return fix;
}

void CheckReader::read_fixes(const Member& member, Check& check) {
  for (const Node& table : member.value.items) {
    if (table.kind != Kind::table) {
      report(table.place, "a fix is a table: [[check.fix]]");
      continue;
    }
    Fix fix = read_fix(table);
    if (check.fix(fix.id) != nullptr)
      report(table.place,
             fmt::format("{} names another fix of this check", toml::in_backquotes(fix.id)));
    check.fixes.push_back(std::move(fix));
  }
}

void CheckReader::judge_name(const Node& table, const Check& check) {
  if (!is_id(check.id) || check.id[1] != char('0' + rung_))
    report(table.place, fmt::format("{} is no id of this rung: M, {} and three digits",
                                    toml::in_backquotes(check.id), rung_));
  if (!is_slug(check.slug))
    report(table.place, fmt::format("{} is no slug: small letters, digits and `-`",
                                    toml::in_backquotes(check.slug)));
  if (columns(check.title) > title_columns_max)
    report(table.place, fmt::format("the title has at most {} columns", title_columns_max));
}

std::optional<Check> CheckReader::read(const Node& table) {
  Check check;
  check.rung = rung_;
  sound_ = true;
  for (const Member& member : table.members) {
    if (member.key == "fix" && member.value.kind == Kind::list)
      read_fixes(member, check);
    else if (!read_member(member, check, check_texts, check_lists) && !read_choice(member, check))
      report(member.place,
             fmt::format("a check has no {} of this form", toml::in_backquotes(member.key)));
  }
  if (check.as_of.empty()) check.as_of = as_of_;
  require(table, check, check_texts, check_lists);
  if (check.fixes.empty()) report(table.place, "[[check.fix]] is missing here");
  if (check.as_of.empty()) report(table.place, "`as_of` is missing here and at the top");
  if (!check.id.empty() && !check.slug.empty()) judge_name(table, check);
  if (!sound_) return std::nullopt;
  return check;
}

// What stands above the checks of a file.
struct FileHead {
  int rung = 0;
  std::string as_of;
};

FileHead read_head(const Node& root, toml::Problems& problems) {
  FileHead head;
  for (const Member& member : root.members) {
    if (member.key == "rung" && member.value.kind == Kind::integer && member.value.integer >= 1 &&
        member.value.integer <= 6)
      head.rung = int(member.value.integer);
    else if (member.key == "as_of" && member.value.kind == Kind::text)
      head.as_of = member.value.text;
    else if (member.key != "check" || member.value.kind != Kind::list)
      problems.report(member.place, "a file of checks has `rung` (1 to 6), `as_of` and [[check]]");
  }
  return head;
}

struct Read {
  Check check;
  toml::Place place;
};

void read_file(const toml::Source& source, unsigned number, toml::Problems& problems,
               std::vector<Read>& read) {
  toml::Document document = toml::read_document(source.text, number);
  problems.report_syntax(document, source);
  FileHead head = read_head(document.root, problems);
  CheckReader reader(problems, head.rung, head.as_of);
  for (const Member& member : document.root.members) {
    if (member.key != "check" || member.value.kind != Kind::list) continue;
    for (const Node& table : member.value.items)
      if (std::optional<Check> check = reader.read(table))
        read.push_back({*std::move(check), table.place});
  }
}

}  // namespace

LoadedCatalogue load_catalogue(std::span<const toml::Source> sources) {
  LoadedCatalogue loaded;
  toml::Problems problems(sources);
  std::vector<Read> read;
  for (size_t i = 0; i < sources.size(); ++i) read_file(sources[i], unsigned(i), problems, read);
  std::stable_sort(read.begin(), read.end(),
                   [](const Read& a, const Read& b) { return a.check.id < b.check.id; });
  Catalogue& catalogue = loaded.catalogue;
  std::vector<toml::Place> places;
  for (Read& one : read) {
    std::string id = base::to_lower(one.check.id);
    if (catalogue.index_.contains(id) || catalogue.index_.contains(one.check.slug)) {
      problems.report(one.place, fmt::format("{} or {} names another check already",
                                             toml::in_backquotes(one.check.id),
                                             toml::in_backquotes(one.check.slug)));
      continue;
    }
    catalogue.index_.emplace(id, catalogue.checks_.size());
    catalogue.index_.emplace(one.check.slug, catalogue.checks_.size());
    catalogue.checks_.push_back(std::move(one.check));
    places.push_back(one.place);
  }
  for (size_t i = 0; i < places.size(); ++i)
    for (const std::string& name : catalogue.checks_[i].see)
      if (is_id(name) && catalogue.find(name) == nullptr)
        problems.report(
            places[i], fmt::format("`see` names {}, which is no check", toml::in_backquotes(name)));
  loaded.diagnostics = problems.take();
  return loaded;
}

}  // namespace waypost::checks
