#include "classify/shipped_rules.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "classify/classifier.h"
#include "classify/rule_book.h"

namespace waypost::classify {
namespace {

constexpr size_t title_columns_max = 70;

const LoadedBook& loaded_book() {
  static const LoadedBook loaded =
      load(shipped_rules(), shipped_rules().size(), Patterns::compile_all);
  return loaded;
}

std::string place_of(const Source& source) {
  return source.file + ":" + std::to_string(source.line);
}

TEST(ShippedRules, load_without_a_complaint) {
  for (const toml::Diagnostic& diagnostic : loaded_book().diagnostics)
    ADD_FAILURE() << toml::render(diagnostic, shipped_rules(), false);
  ASSERT_TRUE(loaded_book().book);
  EXPECT_GT(loaded_book().book->rules().size(), 1000u);
}

// The rule's examples as it would meet them: from its provider, in the first of its phases.
void try_examples(const Rule& rule, Reader& reader) {
  std::optional<smtp::AttemptPhase> phase;
  if (!rule.phases.empty()) phase = rule.phases.front();
  auto reading_of = [&](const std::string& text) {
    return reader.read({text, rule.provider, phase, {}, {}});
  };
  for (const std::string& example : rule.examples) {
    Reading reading = reading_of(example);
    if (reading.rule != &rule)
      ADD_FAILURE() << place_of(rule.source) << ": " << rule.id << " does not read its example\n  "
                    << example << "\n  but "
                    << (reading.rule_id().empty() ? "nothing" : reading.rule_id())
                    << " does\n  normal text: " << reader.normal_text().text;
  }
  for (const std::string& example : rule.counter_examples)
    if (reading_of(example).rule == &rule)
      ADD_FAILURE() << place_of(rule.source) << ": " << rule.id << " reads its not_example\n  "
                    << example << "\n  normal text: " << reader.normal_text().text;
}

TEST(ShippedRules, read_their_own_examples_and_no_neighbours) {
  ASSERT_TRUE(loaded_book().book);
  Classifier classifier(*loaded_book().book);
  Reader reader(classifier);
  for (const Rule& rule : loaded_book().book->rules()) {
    EXPECT_FALSE(rule.examples.empty()) << place_of(rule.source);
    EXPECT_FALSE(rule.counter_examples.empty()) << place_of(rule.source);
    try_examples(rule, reader);
  }
}

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}

void expect_prose(const std::string& text, const Source& source, std::string_view key) {
  EXPECT_TRUE(is_printable_ascii(text)) << place_of(source) << ": " << key << ": " << text;
}

TEST(ShippedRules, say_all_that_a_page_needs_in_ascii) {
  ASSERT_TRUE(loaded_book().book);
  const RuleBook& book = *loaded_book().book;
  for (const Rule& rule : book.rules()) {
    const ClassPage& page = book.page(rule.reply_class);
    EXPECT_FALSE(rule.title.empty()) << place_of(rule.source);
    EXPECT_LE(rule.title.size(), title_columns_max) << place_of(rule.source) << ": " << rule.title;
    EXPECT_FALSE(rule.remedy.empty() && page.remedy.empty()) << place_of(rule.source);
    EXPECT_FALSE(rule.actor.empty() && page.actor.empty()) << place_of(rule.source);
    EXPECT_FALSE(rule.origin.empty()) << place_of(rule.source);
    EXPECT_FALSE(rule.as_of.empty()) << place_of(rule.source) << ": no as_of";
    for (const std::string* text : {&rule.title, &rule.meaning, &rule.actor, &rule.note, &rule.more,
                                    &rule.origin, &rule.as_of})
      expect_prose(*text, rule.source, rule.id);
    for (const std::string& text : rule.remedy) expect_prose(text, rule.source, rule.id);
  }
}

TEST(ShippedRules, describe_providers_classes_codes_and_lists_in_ascii) {
  ASSERT_TRUE(loaded_book().book);
  const RuleBook& book = *loaded_book().book;
  for (const ClassFacts& row : reply_classes()) {
    const ClassPage& page = book.page(row.id);
    EXPECT_LE(page.title.size(), title_columns_max) << row.slug;
    for (const std::string* text : {&page.title, &page.meaning, &page.actor, &page.example})
      expect_prose(*text, page.source, row.slug);
    for (const std::string& text : page.remedy) expect_prose(text, page.source, row.slug);
  }
  for (const Provider& provider : book.providers())
    expect_prose(provider.name, provider.source, provider.id);
  for (const CodeMeaning& code : book.codes())
    for (const std::string* text : {&code.name, &code.meaning, &code.origin})
      expect_prose(*text, code.source, code.code);
  for (const BlockList& list : book.lists())
    for (const std::string* text : {&list.name, &list.removal, &list.note, &list.closed})
      expect_prose(*text, list.source, list.zone);
}

TEST(ShippedRules, condemn_no_address_by_a_class_that_does_not) {
  ASSERT_TRUE(loaded_book().book);
  Classifier classifier(*loaded_book().book);
  Reader reader(classifier);
  for (const Rule& rule : loaded_book().book->rules())
    for (const auto* examples : {&rule.examples, &rule.counter_examples})
      for (const std::string& example : *examples) {
        Reading reading = reader.read({example, rule.provider, {}, {}, {}});
        EXPECT_LE(reading.condemns, facts(reading.reply_class).condemns_address) << example;
      }
}

}  // namespace
}  // namespace waypost::classify
