#include "classify/rule_file.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"
#include "toml/wording.h"

namespace waypost::classify {
namespace {

using toml::Member;
using toml::Node;
using toml::Place;
using toml::Problems;
using Kind = Node::Kind;

// A value that does not fit: what belongs there instead, in words that follow "expected".
using Refusal = std::optional<std::string>;

template <class T>
struct Field {
  std::string_view name;
  bool required;
  std::function<Refusal(const Node&, T&)> read;
};

template <class T>
Field<T> required(Field<T> field) {
  field.required = true;
  return field;
}

template <class T>
Field<T> text(std::string_view name, std::string T::*member) {
  return {name, false, [member](const Node& node, T& target) -> Refusal {
            if (node.kind != Kind::text || node.text.empty()) return "a text";
            target.*member = node.text;
            return std::nullopt;
          }};
}

Refusal read_texts(const Node& node, std::vector<std::string>& texts) {
  constexpr std::string_view wanted = "a list of texts";
  if (node.kind != Kind::list || node.items.empty()) return std::string(wanted);
  for (const Node& item : node.items) {
    if (item.kind != Kind::text || item.text.empty()) return std::string(wanted);
    texts.push_back(item.text);
  }
  return std::nullopt;
}

template <class T>
Field<T> texts(std::string_view name, std::vector<std::string> T::*member) {
  return {name, false,
          [member](const Node& node, T& target) { return read_texts(node, target.*member); }};
}

// One text or a list of them.
template <class T>
Field<T> text_or_texts(std::string_view name, std::vector<std::string> T::*member) {
  return {name, false, [member](const Node& node, T& target) -> Refusal {
            if (node.kind != Kind::text) return read_texts(node, target.*member);
            (target.*member).push_back(node.text);
            return std::nullopt;
          }};
}

template <class T>
Field<T> flag(std::string_view name, bool T::*member) {
  return {name, false, [member](const Node& node, T& target) -> Refusal {
            if (node.kind != Kind::boolean) return "`true` or `false`";
            target.*member = node.boolean;
            return std::nullopt;
          }};
}

template <class T, class Value>
Field<T> chosen(std::string_view name, Value T::*member,
                std::optional<Value> (*parse)(std::string_view), std::string wanted) {
  return {name, false, [member, parse, wanted = std::move(wanted)](const Node& node, T& target) {
            std::optional<Value> value =
                node.kind == Kind::text ? parse(node.text) : std::optional<Value>();
            if (value) target.*member = *value;
            return value ? Refusal() : Refusal(wanted);
          }};
}

bool is_slug(std::string_view text) {
  return !text.empty() && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return base::is_digit(c) || (c >= 'a' && c <= 'z') || c == '-';
         });
}

template <class T>
Field<T> slug_of(std::string_view name, std::string T::*member) {
  return required<T>({name, false, [member](const Node& node, T& target) -> Refusal {
                        if (node.kind != Kind::text || !is_slug(node.text))
                          return "a name of small letters, digits and `-`";
                        target.*member = node.text;
                        return std::nullopt;
                      }});
}

Refusal read_rank(const Node& node, Rule& rule) {
  if (node.kind != Kind::integer || node.integer < -99 || node.integer > 99)
    return "a number from -99 to 99";
  rule.rank = int(node.integer);
  return std::nullopt;
}

Refusal read_phases(const Node& node, Rule& rule) {
  std::vector<std::string> names;
  if (Refusal refusal = read_texts(node, names)) return refusal;
  for (const std::string& name : names) {
    std::optional<smtp::AttemptPhase> phase = smtp::parse_phase(name);
    if (!phase) return "a list of phases such as \"connect\", \"rcpt\" or \"content\"";
    rule.phases.push_back(*phase);
  }
  return std::nullopt;
}

// "550" or "4xx".
bool is_reply_code(std::string_view code) {
  if (code.size() != 3 || code[0] < '2' || code[0] > '5') return false;
  return code.substr(1) == "xx" || (base::is_digit(code[1]) && base::is_digit(code[2]));
}

// "5.7.26" or "x.7.26" (RFC 3463 §2).
bool is_enhanced_code(std::string_view code) {
  if (code.size() < 5 || (code[0] != 'x' && (code[0] < '2' || code[0] > '5'))) return false;
  size_t parts = 1;
  for (size_t i = 1; i < code.size(); ++i) {
    bool dot = code[i] == '.';
    if (!dot && !base::is_digit(code[i])) return false;
    if (dot && (i + 1 == code.size() || code[i + 1] == '.')) return false;
    parts += dot;
  }
  return parts == 3 && code[1] == '.';
}

Field<Rule> codes_like(std::string_view name, std::vector<std::string> Rule::*member,
                       bool (*is_code)(std::string_view), std::string wanted) {
  return {name, false, [=](const Node& node, Rule& rule) -> Refusal {
            if (Refusal refusal = read_texts(node, rule.*member)) return refusal;
            if (std::all_of((rule.*member).begin(), (rule.*member).end(), is_code))
              return std::nullopt;
            return wanted;
          }};
}

std::string class_names() {
  std::vector<std::string_view> names;
  for (const ClassFacts& row : reply_classes()) names.push_back(row.slug);
  return fmt::format("one of {}", fmt::join(names, ", "));
}

const std::vector<Field<Rule>>& rule_fields() {
  static const std::vector<Field<Rule>> fields{
      slug_of<Rule>("id", &Rule::id),
      required(
          chosen<Rule, ReplyClass>("class", &Rule::reply_class, parse_reply_class, class_names())),
      required(text<Rule>("title", &Rule::title)),
      texts<Rule>("match", &Rule::match),
      texts<Rule>("all", &Rule::all),
      texts<Rule>("unless", &Rule::unless),
      codes_like("enhanced", &Rule::enhanced, is_enhanced_code,
                 "a list of enhanced codes such as \"5.7.26\" or \"x.7.26\""),
      codes_like("code", &Rule::code, is_reply_code,
                 "a list of reply codes such as \"550\" or \"4xx\""),
      {"phase", false, read_phases},
      flag<Rule>("anywhere", &Rule::anywhere),
      flag<Rule>("token", &Rule::token),
      {"rank", false, read_rank},
      chosen<Rule, Confidence>("confidence", &Rule::confidence, parse_confidence,
                               "\"certain\", \"likely\" or \"possible\""),
      flag<Rule>("condemns", &Rule::condemns),
      text<Rule>("meaning", &Rule::meaning),
      text<Rule>("actor", &Rule::actor),
      texts<Rule>("remedy", &Rule::remedy),
      text<Rule>("note", &Rule::note),
      text<Rule>("more", &Rule::more),
      texts<Rule>("see", &Rule::see),
      required(text<Rule>("source", &Rule::origin)),
      text<Rule>("as_of", &Rule::as_of),
      required(texts<Rule>("example", &Rule::examples)),
      required(texts<Rule>("not_example", &Rule::counter_examples)),
  };
  return fields;
}

const std::vector<Field<Provider>>& provider_fields() {
  static const std::vector<Field<Provider>> fields{
      slug_of<Provider>("id", &Provider::id),         text<Provider>("name", &Provider::name),
      texts<Provider>("aliases", &Provider::aliases), texts<Provider>("mx", &Provider::mx),
      texts<Provider>("hosts", &Provider::hosts),     texts<Provider>("text", &Provider::text),
  };
  return fields;
}

const std::vector<Field<BlockList>>& list_fields() {
  static const std::vector<Field<BlockList>> fields{
      required(text<BlockList>("zone", &BlockList::zone)),
      required(text<BlockList>("name", &BlockList::name)),
      required<BlockList>({"kind", false,
                           [](const Node& node, BlockList& list) -> Refusal {
                             if (node.text != "ip" && node.text != "domain" && node.text != "site")
                               return "\"ip\", \"domain\" or \"site\"";
                             list.kind = node.text;
                             return std::nullopt;
                           }}),
      text<BlockList>("removal", &BlockList::removal),
      text<BlockList>("note", &BlockList::note),
      text<BlockList>("closed", &BlockList::closed),
  };
  return fields;
}

Refusal read_code_class(const Node& node, CodeMeaning& meaning) {
  auto read = [](const Node& value, std::optional<ReplyClass>& to) {
    to = parse_reply_class(value.text);
    return to.has_value();
  };
  constexpr std::string_view wanted =
      "a class, or `{ 4 = \"...\", 5 = \"...\" }` with one for each first digit";
  if (node.kind == Kind::text) {
    if (!read(node, meaning.when_transient)) return std::string(wanted);
    meaning.when_permanent = meaning.when_transient;
    return std::nullopt;
  }
  for (const Member& member : node.members) {
    if (member.key != "4" && member.key != "5") return std::string(wanted);
    if (!read(member.value, member.key == "4" ? meaning.when_transient : meaning.when_permanent))
      return std::string(wanted);
  }
  return node.members.empty() ? Refusal(wanted) : std::nullopt;
}

std::vector<Field<CodeMeaning>> code_fields(bool (*is_code)(std::string_view), std::string wanted) {
  return {
      required<CodeMeaning>({"code", false,
                             [=](const Node& node, CodeMeaning& meaning) -> Refusal {
                               if (!is_code(node.text)) return wanted;
                               meaning.code = node.text;
                               return std::nullopt;
                             }}),
      text<CodeMeaning>("name", &CodeMeaning::name),
      required(text<CodeMeaning>("meaning", &CodeMeaning::meaning)),
      required(text<CodeMeaning>("source", &CodeMeaning::origin)),
      {"class", false, read_code_class},
  };
}

const std::vector<Field<PlacedClass>>& class_fields() {
  auto page_text = [](std::string_view name, std::string ClassPage::*member) {
    return required<PlacedClass>(
        {name, false, [member](const Node& node, PlacedClass& target) -> Refusal {
           if (node.kind != Kind::text || node.text.empty()) return "a text";
           target.page.*member = node.text;
           return std::nullopt;
         }});
  };
  auto page_texts = [](std::string_view name, std::vector<std::string> ClassPage::*member) {
    return Field<PlacedClass>{name, true, [member](const Node& node, PlacedClass& target) {
                                return read_texts(node, target.page.*member);
                              }};
  };
  static const std::vector<Field<PlacedClass>> fields{
      required(chosen<PlacedClass, ReplyClass>("id", &PlacedClass::id, parse_reply_class,
                                               class_names())),
      required<PlacedClass>({"who", false,
                             [](const Node& node, PlacedClass& target) -> Refusal {
                               std::optional<Who> who = parse_who(node.text);
                               if (!who)
                                 return "\"sender\", \"recipient\", \"receiver\", "
                                        "\"domain-owner\", \"nobody\" or \"unknown\"";
                               target.page.who = *who;
                               return std::nullopt;
                             }}),
      page_text("actor", &ClassPage::actor),
      page_text("title", &ClassPage::title),
      page_text("meaning", &ClassPage::meaning),
      page_texts("remedy", &ClassPage::remedy),
      page_text("example", &ClassPage::example),
  };
  return fields;
}

template <class T>
void report_unknown_key(const std::vector<Field<T>>& fields, const Member& member,
                        Problems& problems) {
  std::vector<std::string_view> names;
  for (const Field<T>& field : fields) names.push_back(field.name);
  toml::Diagnostic diagnostic;
  diagnostic.message = fmt::format("there is no key {} here", toml::in_backquotes(member.key));
  diagnostic.did_you_mean = toml::closest(member.key, names);
  diagnostic.help = fmt::format("the keys are {}", toml::all_of(names));
  problems.report(member.place, std::move(diagnostic));
}

template <class T>
T read_table(const Node& table, const std::vector<Field<T>>& fields, Problems& problems) {
  T value;
  std::vector<std::string_view> seen;
  for (const Member& member : table.members) {
    auto field = std::find_if(fields.begin(), fields.end(),
                              [&](const Field<T>& f) { return f.name == member.key; });
    if (field == fields.end()) {
      report_unknown_key(fields, member, problems);
      continue;
    }
    seen.push_back(field->name);
    if (Refusal wanted = field->read(member.value, value)) {
      toml::Diagnostic diagnostic;
      diagnostic.message = fmt::format("`{}` is not what belongs here", field->name);
      diagnostic.expected = "expected " + *wanted;
      problems.report(member.value.place, std::move(diagnostic));
    }
  }
  for (const Field<T>& field : fields)
    if (field.required && std::find(seen.begin(), seen.end(), field.name) == seen.end())
      problems.report(table.place, fmt::format("`{}` is missing here", field.name));
  return value;
}

class FileReader {
 public:
  FileReader(const toml::Source& source, bool local, Problems& problems)
      : name_(source.name), local_(local), problems_(problems) {}

  RuleFile read(const Node& root) {
    for (const Member& member : root.members) read_top(member);
    finish_rules();
    return std::move(file_);
  }

 private:
  void read_top(const Member& member) {
    if (member.key == "as_of" && member.value.kind == Kind::text)
      as_of_ = member.value.text;
    else if (member.key == "words" && member.value.kind == Kind::table)
      read_words(member.value);
    else if (member.key == "provider" && member.value.kind == Kind::table)
      file_.providers.push_back(placed<Provider>(member.value, provider_fields()));
    else if (!read_lists(member))
      report_top(member);
  }

  bool read_lists(const Member& member) {
    if (member.value.kind != Kind::list) return false;
    static const std::vector<Field<CodeMeaning>> enhanced_fields =
        code_fields(is_enhanced_code, "an enhanced code such as \"5.7.26\" or \"x.7.26\"");
    static const std::vector<Field<CodeMeaning>> reply_fields =
        code_fields(is_reply_code, "a reply code such as \"550\"");
    if (member.key == "rule") return read_each(member, rule_fields(), file_.rules);
    if (member.key == "list") return read_each(member, list_fields(), file_.lists);
    if (member.key == "enhanced") return read_each(member, enhanced_fields, file_.codes);
    if (member.key == "reply") return read_each(member, reply_fields, file_.codes);
    if (member.key == "class") {
      read_each(member, class_fields(), file_.classes);
      for (Placed<PlacedClass>& entry : file_.classes)
        entry.value.page.source = source(entry.place);
      return true;
    }
    return false;
  }

  template <class T>
  Placed<T> placed(const Node& table, const std::vector<Field<T>>& fields) {
    Placed<T> result{read_table(table, fields, problems_), table.place};
    if constexpr (requires { result.value.source; }) result.value.source = source(table.place);
    return result;
  }

  template <class T>
  bool read_each(const Member& member, const std::vector<Field<T>>& fields,
                 std::vector<Placed<T>>& into) {
    for (const Node& item : member.value.items) {
      if (item.kind != Kind::table) return false;
      into.push_back(placed(item, fields));
    }
    return true;
  }

  void read_words(const Node& table) {
    for (const Member& word : table.members) {
      if (word.value.kind == Kind::text)
        file_.words[word.key] = word.value.text;
      else
        problems_.report(word.value.place, "a word is a text: a pattern without its `%name%`");
    }
  }

  void report_top(const Member& member) {
    static constexpr std::string_view names[] = {"as_of", "provider", "words", "rule",
                                                 "list",  "enhanced", "reply", "class"};
    toml::Diagnostic diagnostic;
    diagnostic.message =
        fmt::format("a rule file has no {} of this form", toml::in_backquotes(member.key));
    diagnostic.did_you_mean = toml::closest(member.key, names);
    diagnostic.help =
        "a rule file has `as_of = \"2026-11\"`, the tables [provider] and [words], and the lists "
        "[[rule]], [[list]], [[enhanced]], [[reply]] and [[class]]";
    problems_.report(member.place, std::move(diagnostic));
  }

  // What follows from the rest of the file.
  void finish_rules() {
    if (!file_.providers.empty()) {
      Provider& provider = file_.providers.front().value;
      if (provider.name.empty() && !local_)
        problems_.report(file_.providers.front().place, "`name` is missing here");
    }
    for (auto& [rule, place] : file_.rules) {
      if (rule.as_of.empty()) rule.as_of = as_of_;
      if (!file_.providers.empty()) rule.provider = file_.providers.front().value.id;
      if (problems_.has_errors()) continue;  // what is missing may be what could not be read
      bool has_pattern = !rule.match.empty() || !rule.all.empty();
      bool has_code = !rule.enhanced.empty() || !rule.code.empty();
      if (!has_pattern && !has_code)
        problems_.report(place, fmt::format("rule `{}` would hold for every text", rule.id),
                         "give it `match` or `all`, or codes");
      else if (!has_pattern && rule.provider.empty())
        problems_.report(place, fmt::format("rule `{}` has codes only", rule.id),
                         "what a code means everywhere is an [[enhanced]] or [[reply]] entry");
    }
  }

  Source source(const Place& place) const { return {name_, place.line, local_}; }

  std::string name_;
  bool local_;
  Problems& problems_;
  RuleFile file_;
  std::string as_of_;
};

}  // namespace

RuleFile read_rule_file(const toml::Source& source, unsigned index, bool local,
                        Problems& problems) {
  toml::Document document = toml::read_document(source.text, index);
  problems.report_syntax(document, source);
  return FileReader(source, local, problems).read(document.root);
}

}  // namespace waypost::classify
