#include "explain/id_page.h"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "explain/check_page.h"
#include "toml/wording.h"

namespace waypost::explain {
namespace {

namespace json = boost::json;
using classify::BlockList;
using classify::ClassFacts;
using classify::ClassPage;
using classify::CodeMeaning;
using classify::Provider;
using classify::ReplyClass;
using classify::Rule;
using classify::RuleBook;
using classify::Source;

constexpr size_t examples_shown_max = 4;
constexpr size_t rules_shown_max = 40;

std::string place(const Source& source) {
  return fmt::format("{}{}, line {}", source.local ? "" : "shipped file ", source.file,
                     source.line);
}

void labelled_if(Page& page, std::string_view label, std::string_view text) {
  if (!text.empty()) page.labelled(label, text);
}

void examples(Page& page, const std::vector<std::string>& examples) {
  if (examples.empty()) return;
  page.blank();
  page.paragraph("Replies of this kind:", 2);
  for (size_t i = 0; i < std::min(examples.size(), examples_shown_max); ++i)
    page.quote(examples[i], 3);
}

std::string effect(ReplyClass reply_class, bool condemns) {
  std::string text =
      fmt::format("{} (group {})", classify::slug(reply_class), classify::facts(reply_class).group);
  return text + (condemns ? "; the address is bad: stop sending to it"
                          : "; says nothing against the address");
}

const Rule* replaced_by(const Rule& rule, const RuleBook& book) {
  auto found = std::find_if(book.replaced().begin(), book.replaced().end(),
                            [&](const Rule& other) { return other.id == rule.id; });
  return found == book.replaced().end() ? nullptr : &*found;
}

Page rule_page(const Rule& rule, const RuleBook& book) {
  const ClassPage& general = book.page(rule.reply_class);
  const Provider* provider = book.provider(rule.provider);
  Page page;
  page.headline(rule.id, rule.title, fmt::format("({})", classify::name(rule.confidence)));
  page.blank();
  page.labelled("Means", rule.meaning.empty() ? general.meaning : rule.meaning);
  page.labelled("Class",
                effect(rule.reply_class,
                       rule.condemns && classify::facts(rule.reply_class).condemns_address));
  if (provider != nullptr) page.labelled("Said by", provider->name);
  page.labelled("Acts", rule.actor.empty() ? general.actor : rule.actor);
  page.blank();
  page.remedy(rule.remedy.empty() ? general.remedy : rule.remedy);
  labelled_if(page, "Note", rule.note);
  if (!rule.more.empty()) {
    page.blank();
    page.paragraph(rule.more, 2);
  }
  examples(page, rule.examples);
  page.blank();
  page.labelled("Source", rule.as_of.empty()
                              ? rule.origin
                              : fmt::format("{} (as of {})", rule.origin, rule.as_of));
  page.labelled("Rule", place(rule.source));
  if (const Rule* older = replaced_by(rule, book))
    page.labelled("", fmt::format("in the place of the rule in {}", place(older->source)));
  std::vector<std::string> see = rule.see;
  see.emplace_back(classify::slug(rule.reply_class));
  page.labelled("See", fmt::format("waypost explain {}", fmt::join(see, " | ")));
  return page;
}

Page class_page(const ClassFacts& facts, const RuleBook& book) {
  const ClassPage& general = book.page(facts.id);
  Page page;
  page.headline(facts.slug, general.title);
  page.blank();
  page.labelled("Means", general.meaning);
  page.labelled("Class", effect(facts.id, facts.condemns_address));
  page.labelled("Acts", general.actor);
  page.blank();
  page.remedy(general.remedy);
  examples(page, {general.example});
  if (const checks::Check* check = checks::shipped_catalogue().find(facts.slug)) {
    page.blank();
    page.paragraph(fmt::format("What `waypost doctor` finds of it: waypost explain {}", check->id),
                   2);
  }
  std::vector<std::string_view> ids;
  for (const Rule& rule : book.rules())
    if (rule.reply_class == facts.id) ids.push_back(rule.id);
  if (ids.empty()) return page;
  page.blank();
  size_t all = ids.size();
  ids.resize(std::min(all, rules_shown_max));
  page.paragraph(fmt::format("{} rules find it{}: {}", all, all > ids.size() ? ", among them" : "",
                             fmt::join(ids, ", ")),
                 2);
  return page;
}

Page code_page(const CodeMeaning& code) {
  Page page;
  page.headline(code.code, code.name);
  page.blank();
  page.labelled("Means", code.meaning);
  auto class_name = [](const std::optional<ReplyClass>& found) {
    return found && *found != ReplyClass::unknown ? std::string(classify::slug(*found))
                                                  : std::string("nothing by itself");
  };
  if (code.code.size() == 3) {
    page.labelled("Tells",
                  class_name(code.code[0] == '5' ? code.when_permanent : code.when_transient));
  } else {
    page.labelled("Tells", fmt::format("with 4: {}; with 5: {}", class_name(code.when_transient),
                                       class_name(code.when_permanent)));
  }
  page.labelled("Source", code.origin);
  page.blank();
  page.paragraph(
      "Servers use codes loosely: give the whole reply to `waypost explain`, since its text "
      "decides before its code does.",
      2);
  return page;
}

Page list_page(const BlockList& list) {
  Page page;
  page.headline(list.zone, list.name);
  page.blank();
  if (list.kind != "site")
    page.labelled("Lists", list.kind == "ip" ? "IP addresses" : "domain names");
  if (!list.closed.empty())
    page.labelled("Closed", fmt::format("{}: it must not be asked any more", list.closed));
  labelled_if(page, "Fix", list.removal);
  labelled_if(page, "Note", list.note);
  page.labelled("Rule", place(list.source));
  return page;
}

Page provider_page(const Provider& provider, const RuleBook& book) {
  Page page;
  page.headline(provider.id, provider.name);
  page.blank();
  if (!provider.mx.empty()) page.labelled("MX", fmt::format("{}", fmt::join(provider.mx, ", ")));
  page.blank();
  for (const Rule& rule : book.rules())
    if (rule.provider == provider.id) {
      page.line(fmt::format("  {}", rule.id), Tone::fix);
      page.paragraph(fmt::format("{} ({})", rule.title, classify::slug(rule.reply_class)), 6);
    }
  return page;
}

Page topic_page(const Topic& topic) {
  Page page;
  page.headline(topic.id, topic.title);
  page.blank();
  page.paragraph(topic.summary, 2);
  if (!topic.table.empty()) page.blank();
  for (const std::string& line : topic.table) page.line("  " + line);
  for (const std::string& paragraph : topic.text) {
    page.blank();
    page.paragraph(paragraph, 2);
  }
  if (!topic.steps.empty()) page.blank();
  for (size_t i = 0; i < topic.steps.size(); ++i)
    page.labelled(fmt::format("{}.", i + 1), topic.steps[i]);
  page.blank();
  page.labelled("Source", topic.as_of.empty()
                              ? topic.source
                              : fmt::format("{} (as of {})", topic.source, topic.as_of));
  if (!topic.see.empty())
    page.labelled("See", fmt::format("waypost explain {}", fmt::join(topic.see, " | ")));
  return page;
}

json::array array_of(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::object rule_json(const Rule& rule, const RuleBook& book) {
  const ClassPage& general = book.page(rule.reply_class);
  return {{"kind", "rule"},
          {"id", rule.id},
          {"title", rule.title},
          {"class", classify::slug(rule.reply_class)},
          {"group", classify::facts(rule.reply_class).group},
          {"who", classify::name(general.who)},
          {"suppress", rule.condemns && classify::facts(rule.reply_class).condemns_address},
          {"provider", rule.provider.empty() ? json::value() : json::value(rule.provider)},
          {"confidence", classify::name(rule.confidence)},
          {"meaning", rule.meaning.empty() ? general.meaning : rule.meaning},
          {"remedy", array_of(rule.remedy.empty() ? general.remedy : rule.remedy)},
          {"note", rule.note},
          {"more", rule.more},
          {"examples", array_of(rule.examples)},
          {"see", array_of(rule.see)},
          {"source", rule.origin},
          {"as_of", rule.as_of},
          {"file", rule.source.file},
          {"line", rule.source.line},
          {"local", rule.source.local},
          {"replaces_shipped", replaced_by(rule, book) != nullptr}};
}

}  // namespace

std::optional<Entry> find_entry(std::string_view name, const RuleBook& book, const Topics& topics) {
  std::string wanted = base::to_lower(base::trim(name));
  Entry entry;
  entry.check = checks::shipped_catalogue().find(wanted);
  if (entry.check != nullptr && base::to_lower(entry.check->id) == wanted) return entry;
  const checks::Check* by_slug = std::exchange(entry.check, nullptr);
  if ((entry.rule = book.rule(wanted)) != nullptr) return entry;
  if (auto reply_class = classify::parse_reply_class(wanted)) {
    entry.reply_class = &classify::facts(*reply_class);
    return entry;
  }
  std::string_view code = wanted;
  if (code.starts_with("code-")) code.remove_prefix(5);
  if ((entry.code = book.code(code)) != nullptr) return entry;
  if ((entry.list = book.list(wanted)) != nullptr) return entry;
  const Topic* topic = topics.find(wanted);
  bool by_alias = topic != nullptr && topic->id != wanted;
  if ((by_alias || topic == nullptr) && (entry.check = by_slug) != nullptr) return entry;
  if ((entry.topic = topic) != nullptr) return entry;
  if ((entry.provider = book.provider(wanted)) != nullptr) return entry;
  return std::nullopt;
}

Page entry_page(const Entry& entry, const RuleBook& book) {
  if (entry.rule != nullptr) return rule_page(*entry.rule, book);
  if (entry.reply_class != nullptr) return class_page(*entry.reply_class, book);
  if (entry.code != nullptr) return code_page(*entry.code);
  if (entry.list != nullptr) return list_page(*entry.list);
  if (entry.topic != nullptr) return topic_page(*entry.topic);
  if (entry.check != nullptr) return check_page(*entry.check);
  return provider_page(*entry.provider, book);
}

json::object entry_json(const Entry& entry, const RuleBook& book) {
  if (entry.rule != nullptr) return rule_json(*entry.rule, book);
  if (entry.check != nullptr) return check_json(*entry.check);
  if (entry.reply_class != nullptr) {
    const ClassPage& general = book.page(entry.reply_class->id);
    return {{"kind", "class"},
            {"id", entry.reply_class->slug},
            {"title", general.title},
            {"group", entry.reply_class->group},
            {"who", classify::name(general.who)},
            {"suppress", entry.reply_class->condemns_address},
            {"meaning", general.meaning},
            {"remedy", array_of(general.remedy)}};
  }
  if (entry.code != nullptr)
    return {{"kind", "code"},
            {"id", entry.code->code},
            {"title", entry.code->name},
            {"meaning", entry.code->meaning},
            {"source", entry.code->origin}};
  if (entry.list != nullptr)
    return {{"kind", "list"},
            {"id", entry.list->zone},
            {"title", entry.list->name},
            {"lists", entry.list->kind},
            {"removal", entry.list->removal},
            {"note", entry.list->note},
            {"closed", entry.list->closed}};
  if (entry.topic != nullptr)
    return {{"kind", "topic"},
            {"id", entry.topic->id},
            {"title", entry.topic->title},
            {"summary", entry.topic->summary},
            {"text", array_of(entry.topic->text)},
            {"table", array_of(entry.topic->table)},
            {"steps", array_of(entry.topic->steps)},
            {"see", array_of(entry.topic->see)},
            {"source", entry.topic->source}};
  json::array rules;
  for (const Rule& rule : book.rules())
    if (rule.provider == entry.provider->id) rules.emplace_back(rule.id);
  return {{"kind", "provider"},
          {"id", entry.provider->id},
          {"title", entry.provider->name},
          {"mx", array_of(entry.provider->mx)},
          {"rules", std::move(rules)}};
}

std::vector<std::string> similar_names(std::string_view name, const RuleBook& book,
                                       const Topics& topics) {
  constexpr size_t shown_max = 5;
  std::string wanted = base::to_lower(name);
  std::vector<std::string_view> names;
  for (const ClassFacts& row : classify::reply_classes()) names.push_back(row.slug);
  for (const Topic& topic : topics.all()) names.push_back(topic.id);
  for (const checks::Check& check : checks::shipped_catalogue().all()) {
    names.push_back(check.id);
    names.push_back(check.slug);
  }
  for (const Rule& rule : book.rules()) names.push_back(rule.id);
  std::vector<std::string> similar;
  if (auto nearest = toml::closest(wanted, names)) similar.push_back(*nearest);
  for (std::string_view other : names)
    if (similar.size() < shown_max && other.find(wanted) != std::string_view::npos &&
        std::find(similar.begin(), similar.end(), other) == similar.end())
      similar.emplace_back(other);
  return similar;
}

}  // namespace waypost::explain
