// Every page that people see, in tests/golden/explain/*.txt: for each rule file the answers to the
// first example of each of its rules, and the pages behind ids. To take over new pages, run with
// WAYPOST_ACCEPT=1 and review the difference.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "classify/classifier.h"
#include "classify/shipped_rules.h"
#include "explain/answer.h"
#include "explain/id_page.h"
#include "explain/reply_page.h"
#include "explain/shipped_topics.h"
#include "explain/topics.h"
#include "tests/fakes/source_folder.h"

namespace waypost::explain {
namespace {

namespace fs = std::filesystem;

const fs::path golden_folder = fakes::source_folder() / "tests" / "golden" / "explain";

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class GoldenPages : public testing::Test {
 protected:
  GoldenPages() {
    classify::LoadedBook loaded =
        classify::load(classify::shipped_rules(), classify::shipped_rules().size());
    if (loaded.book) book_ = *std::move(loaded.book);
  }

  void SetUp() override { ASSERT_FALSE(book_.rules().empty()) << "the shipped rules do not load"; }

  void compare(const std::string& name, const std::string& text) {
    fs::path expected = golden_folder / (name + ".txt");
    if (std::getenv("WAYPOST_ACCEPT") != nullptr) std::ofstream(expected) << text;
    EXPECT_EQ(text, read_file(expected)) << expected;
  }

  std::string entry(std::string_view name) {
    std::optional<Entry> found = find_entry(name, book_, topics_);
    if (!found) return fmt::format("no page {}\n", name);
    return entry_page(*found, book_).plain_text() + "\n";
  }

  classify::RuleBook book_;
  Topics topics_ = load_topics(shipped_topics()).topics;
};

TEST_F(GoldenPages, of_replies_are_what_people_see) {
  classify::Classifier classifier(book_);
  classify::Reader reader(classifier);
  std::map<std::string, std::string> pages;
  for (const classify::Rule& rule : book_.rules()) {
    const std::string& text = rule.examples.front();
    classify::Reading reading = reader.read({text, rule.provider, {}, {}, {}});
    Page page = reply_page(text, answer(reading, book_));
    for (const PageLine& line : page.lines())
      EXPECT_LE(line.text.size(), Page::columns_max + 8) << rule.id << ": " << line.text;
    // Headline, block, verdict, and the blank lines between them.
    EXPECT_LE(page.lines().size(), 2 + 1 + block_lines_max + 1 + 2) << rule.id;
    pages[fs::path(rule.source.file).stem().string()] += page.plain_text() + "\n\n";
  }
  for (const auto& [name, text] : pages) compare("replies-" + name, text);
}

TEST_F(GoldenPages, behind_ids_are_what_people_see) {
  std::string classes;
  for (const auto& row : classify::reply_classes()) classes += entry(row.slug) + "\n";
  compare("classes", classes);
  std::string codes;
  for (const auto& code : book_.codes()) codes += entry(code.code) + "\n";
  compare("codes", codes);
  std::string topics;
  for (const auto& topic : topics_.all()) topics += entry(topic.id) + "\n";
  compare("topics", topics);
  std::string others;
  for (const char* name : {"google-dmarc", "zen.spamhaus.org", "orange", "postfix-relay-denied"})
    others += entry(name) + "\n";
  compare("others", others);
}

}  // namespace
}  // namespace waypost::explain
