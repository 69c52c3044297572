#include "bounces/notice_file.h"

#include <set>

#include <fmt/format.h>

#include "bounces/line_pattern.h"
#include "toml/document.h"
#include "toml/problems.h"
#include "toml/wording.h"

namespace waypost::bounces {
namespace {

using toml::Member;
using toml::Node;
using Kind = Node::Kind;

template <class T>
struct TextKey {
  std::string_view name;
  std::string T::*member;
};
constexpr TextKey<NoticeRule> texts[] = {
    {"id", &NoticeRule::id},       {"server", &NoticeRule::server},
    {"reply", &NoticeRule::reply}, {"recipient", &NoticeRule::recipient},
    {"host", &NoticeRule::host},   {"source", &NoticeRule::origin},
    {"as_of", &NoticeRule::as_of}, {"example", &NoticeRule::example},
    {"says", &NoticeRule::says},   {"provider", &NoticeRule::provider},
};
constexpr TextKey<ExpectedRecipient> expected_texts[] = {
    {"address", &ExpectedRecipient::address},       {"action", &ExpectedRecipient::action},
    {"status", &ExpectedRecipient::status},         {"reply", &ExpectedRecipient::reply},
    {"remote_mta", &ExpectedRecipient::remote_mta},
};

struct ListKey {
  std::string_view name;
  std::vector<std::string> NoticeRule::*member;
};
constexpr ListKey lists[] = {
    {"text", &NoticeRule::text},   {"subject", &NoticeRule::subject},
    {"start", &NoticeRule::start}, {"mailer", &NoticeRule::mailer},
    {"stop", &NoticeRule::stop},   {"delayed", &NoticeRule::delayed},
};

struct FlagKey {
  std::string_view name;
  bool NoticeRule::*member;
};
constexpr FlagKey flags[] = {
    {"host_first", &NoticeRule::host_first},     {"reply_first", &NoticeRule::reply_first},
    {"common_reply", &NoticeRule::common_reply}, {"to_blank_line", &NoticeRule::to_blank_line},
    {"whole_text", &NoticeRule::whole_text},
};

template <class T>
bool take_text(const Member& member, std::span<const TextKey<T>> keys, T& to) {
  for (const TextKey<T>& key : keys)
    if (key.name == member.key && member.value.kind == Kind::text) {
      to.*key.member = member.value.text;
      return true;
    }
  return false;
}

bool take_texts(const Node& node, std::vector<std::string>& to) {
  if (node.kind != Kind::list) return false;
  for (const Node& item : node.items) {
    if (item.kind != Kind::text || item.text.empty()) return false;
    to.push_back(item.text);
  }
  return true;
}

bool take_list(const Member& member, NoticeRule& rule) {
  for (const ListKey& key : lists)
    if (key.name == member.key) return take_texts(member.value, rule.*key.member);
  return false;
}

bool take_flag(const Member& member, NoticeRule& rule) {
  for (const FlagKey& key : flags)
    if (key.name == member.key && member.value.kind == Kind::boolean) {
      rule.*key.member = member.value.boolean;
      return true;
    }
  return false;
}

bool take_expected(const Member& member, NoticeRule& rule) {
  if (member.key != "expect" || member.value.kind != Kind::list) return false;
  for (const Node& table : member.value.items) {
    ExpectedRecipient expected;
    for (const Member& one : table.members)
      if (!take_text<ExpectedRecipient>(one, expected_texts, expected)) return false;
    if (expected.action.empty()) expected.action = "failed";
    rule.expect.push_back(std::move(expected));
  }
  return true;
}

class FileReader {
 public:
  FileReader(NoticeFiles& files, toml::Problems& problems) : files_(files), problems_(problems) {}

  void read(const toml::Source& source, unsigned index) {
    toml::Document document = toml::read_document(source.text, index);
    problems_.report_syntax(document, source);
    for (const Member& member : document.root.members) {
      bool is_notices = member.key == "notice" && member.value.kind == Kind::list;
      if (is_notices)
        for (const Node& table : member.value.items) read_rule(source, table);
      else if (member.key == "returned" && take_texts(member.value, files_.returned))
        continue;
      else
        problems_.report(member.place, "a file of notices holds [[notice]] tables and `returned`");
    }
  }

 private:
  void read_rule(const toml::Source& source, const Node& table) {
    NoticeRule rule;
    rule.file = source.name;
    rule.line = table.place.line;
    bool usable = true;
    auto wrong = [&](const toml::Place& place, std::string message) {
      problems_.report(place, std::move(message));
      usable = false;
    };
    for (const Member& member : table.members)
      if (!take_text<NoticeRule>(member, texts, rule) && !take_list(member, rule) &&
          !take_flag(member, rule) && !take_expected(member, rule))
        wrong(member.place,
              fmt::format("a notice has no {} of this form", toml::in_backquotes(member.key)));
    if (rule.id.empty() || !ids_.insert(rule.id).second)
      wrong(table.place, "a notice needs an `id` of its own");
    if (rule.server.empty() || rule.origin.empty() || rule.example.empty())
      wrong(table.place, "`server`, `source` and `example` are needed here");
    if (rule.text.empty() && rule.subject.empty() && rule.mailer.empty())
      wrong(table.place, "one of `text`, `subject` and `mailer` tells it from others");
    for (const std::string* pattern : {&rule.recipient, &rule.reply, &rule.host})
      if (std::string why = why_not_a_line_pattern(*pattern); !why.empty())
        wrong(table.place, fmt::format("{} is no pattern: {}", *pattern, why));
    if (usable) files_.rules.push_back(std::move(rule));
  }

  NoticeFiles& files_;
  toml::Problems& problems_;
  std::set<std::string> ids_;
};

}  // namespace

NoticeFiles read_notice_files(std::span<const toml::Source> sources) {
  NoticeFiles files;
  toml::Problems problems(sources);
  FileReader reader(files, problems);
  for (size_t i = 0; i < sources.size(); ++i) reader.read(sources[i], unsigned(i));
  files.diagnostics = problems.take();
  return files;
}

}  // namespace waypost::bounces
