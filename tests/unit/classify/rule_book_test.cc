#include "classify/rule_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/classify/small_book.h"

namespace waypost::classify {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Wrong {
  std::string text;  // of the one shipped file
  unsigned line;
  std::string message;
  std::string more = {};  // part of what was expected, meant or of the help
};

void expect_wrong(const Wrong& c, const LoadedBook& loaded, const std::string& file) {
  SCOPED_TRACE(c.text);
  EXPECT_FALSE(loaded.book);
  ASSERT_EQ(loaded.diagnostics.size(), 1u);
  const toml::Diagnostic& d = loaded.diagnostics[0];
  EXPECT_EQ(d.file, file);
  EXPECT_EQ(d.line, c.line);
  EXPECT_THAT(d.message, HasSubstr(c.message));
  EXPECT_THAT(d.expected + "|" + d.did_you_mean.value_or("") + "|" + d.help, HasSubstr(c.more));
}

std::string full(std::string_view more) { return rule_text("full", "mailbox-full", more); }

TEST(RuleBook, says_where_a_file_is_wrong) {
  for (const Wrong& c : std::vector<Wrong>{
           {full("match = ['full']\nmach = ['x']"), 9, "there is no key `mach`", "|match|"},
           {full("match = ['full']\n[provder]\nid = 'x'"), 9, "no `provder` of this form",
            "|provider|"},
           {full("match = 'full'"), 8, "`match` is not what belongs here", "a list of texts"},
           {full("match = ['']"), 8, "`match` is not what belongs here", "a list of texts"},
           {full("match = ['full']\nrank = 100"), 9, "`rank`", "-99 to 99"},
           {full("match = ['full']\ntoken = 'yes'"), 9, "`token`", "`true` or `false`"},
           {full("match = ['full']\nphase = ['lunch']"), 9, "`phase`", "a list of phases"},
           {full("match = ['full']\ncode = ['55']"), 9, "`code`", "\"550\" or \"4xx\""},
           {full("match = ['full']\ncode = ['650']"), 9, "`code`"},
           {full("match = ['full']\nenhanced = ['5.7']"), 9, "`enhanced`", "\"x.7.26\""},
           {full("match = ['full']\nenhanced = ['5..7.1']"), 9, "`enhanced`"},
           {full("match = ['full']\nconfidence = 'sure'"), 9, "`confidence`", "\"likely\""},
           {rule_text("full", "mailbox-ful", "match = ['full']"), 3, "`class`", "mailbox-full"},
           {rule_text("Full Box", "mailbox-full", "match = ['full']"), 2, "`id`", "small letters"},
           {full("match = ['(full']"), 1, "the pattern `(full` cannot be used: missing )"},
           {full("match = ['full']\nunless = ['a(?!b)']"), 1,
            "the pattern `a(?!b)` cannot be used"},
           {full("match = ['full|']"), 1, "it is found in an empty text"},
           {full("match = ['%ful%']"), 1, "there is no word `%ful%`"},
           {"[words]\na = '%b%'\nb = 'x%a%'\n" + full("match = ['%a%']"), 4,
            "stand for each other without an end"},
           {"[words]\na = 5\n" + full("match = ['full']"), 2, "a word is a text"},
           {full("match = ['full']") + full("match = ['full']"), 9, "`full` is there already",
            "shipped0.toml, line 1"},
           {full(""), 1, "rule `full` would hold for every text", "give it `match`"},
           {full("phase = ['rcpt']\nunless = ['x']"), 1, "rule `full` would hold for every text"},
           {full("code = ['550']"), 1, "rule `full` has codes only", "[[enhanced]]"},
           {full("match = ['full']\nsee = ['fuller']"), 1, "points to `fuller`"},
           {"[[rule]]\nid = 'a'\nclass = 'policy'\ntitle = 'x'\nsource = 'x'\nexample = ['x']\n"
            "match = ['x']",
            1, "`not_example` is missing here"},
           {"[provider]\nid = 'acme'", 1, "`name` is missing here"},
           {"[provider]\nid = 'acme'\nname = 'Acme'\ntext = ['(acme']", 1, "cannot be used"},
           {"[[list]]\nzone = 'a.example'\nname = 'A'\nkind = 'url'", 4, "`kind`", "\"site\""},
           {"[[enhanced]]\ncode = '5.1'\nmeaning = 'x'\nsource = 'x'", 2, "`code`"},
           {"[[reply]]\ncode = '550'\nmeaning = 'x'\nsource = 'x'\nclass = { 3 = 'policy' }", 5,
            "`class`", "for each first digit"},
           {"[[reply]]\ncode = '550'\nmeaning = 'x'\nsource = 'x'\nclass = 'polcy'", 5, "`class`"},
           {"[[class]]\nid = 'policy'\nwho = 'me'\nactor = 'x'\ntitle = 'x'\nmeaning = 'x'\n"
            "remedy = ['x']\nexample = 'x'",
            3, "`who`"},
           {"[[rule]\nid = 'a'", 1, ""},
       }) {
    std::vector<std::string> shipped{c.text};
    if (c.text.starts_with("[[class]]")) {
      // Its page must not be there twice.
      std::vector<toml::Source> sources{{"shipped0.toml", c.text}};
      expect_wrong(c, load(sources, 1), "shipped0.toml");
      continue;
    }
    expect_wrong(c, load_texts(shipped), "shipped0.toml");
  }
}

TEST(RuleBook, needs_a_page_for_every_class) {
  std::string pages = class_pages();
  size_t second = pages.find("[[class]]", 1);
  std::vector<toml::Source> sources{{"classes.toml", pages.substr(second)}};
  LoadedBook loaded = load(sources, 1);
  EXPECT_FALSE(loaded.book);
  ASSERT_EQ(loaded.diagnostics.size(), 1u);
  EXPECT_THAT(loaded.diagnostics[0].message, HasSubstr("the class `recipient-unknown`"));
  EXPECT_EQ(loaded.diagnostics[0].line, 0u);
}

TEST(RuleBook, keeps_what_a_rule_says) {
  RuleBook book =
      book_of({"as_of = \"2026-11\"\n"
               "[provider]\nid = \"acme\"\nname = \"Acme\"\n" +
               full("match = ['a', 'b']\nall = ['c']\nunless = ['d']\n"
                    "enhanced = ['5.2.2', 'x.2.3']\ncode = ['552', '4xx']\n"
                    "phase = ['rcpt', 'eod']\nconfidence = 'certain'\ntoken = true\n"
                    "anywhere = true\nrank = -5\ncondemns = false\nmeaning = 'm'\n"
                    "actor = 'a'\nremedy = ['r', 's']\nnote = 'n'\nmore = 'o'\n"
                    "see = ['full', 'policy']")});
  const Rule* rule = book.rule("full");
  ASSERT_NE(rule, nullptr);
  EXPECT_EQ(rule->provider, "acme");
  EXPECT_EQ(rule->source.file, "shipped0.toml");
  EXPECT_EQ(rule->source.line, 5u);
  EXPECT_FALSE(rule->source.local);
  EXPECT_THAT(rule->match, ElementsAre("a", "b"));
  EXPECT_THAT(rule->all, ElementsAre("c"));
  EXPECT_THAT(rule->unless, ElementsAre("d"));
  EXPECT_THAT(rule->enhanced, ElementsAre("5.2.2", "x.2.3"));
  EXPECT_THAT(rule->code, ElementsAre("552", "4xx"));
  EXPECT_THAT(rule->phases, ElementsAre(smtp::AttemptPhase::rcpt, smtp::AttemptPhase::content));
  EXPECT_EQ(rule->confidence, Confidence::certain);
  EXPECT_TRUE(rule->token && rule->anywhere && !rule->condemns);
  EXPECT_EQ(rule->rank, -5);
  EXPECT_EQ(rule->reply_class, ReplyClass::mailbox_full);
  EXPECT_EQ(rule->meaning + rule->actor + rule->note + rule->more, "mano");
  EXPECT_THAT(rule->remedy, ElementsAre("r", "s"));
  EXPECT_THAT(rule->see, ElementsAre("full", "policy"));
  EXPECT_EQ(rule->origin, "here");
  EXPECT_EQ(rule->as_of, "2026-11");
  EXPECT_THAT(rule->examples, ElementsAre("yes"));
  EXPECT_THAT(rule->counter_examples, ElementsAre("no"));
}

TEST(RuleBook, puts_words_into_patterns) {
  std::vector<toml::Source> sources{
      {"classes.toml", class_pages()},
      {"folder/words.toml", "[words]\nbox = 'mailbox|inbox'\nown = 'shared'"},
      {"a.toml", "[words]\nown = 'of %box%'\nlocal_to_a = 'x'\n" +
                     full("match = ['%own% 50%', '%not a word% 5%', 'a%%b']")}};
  LoadedBook loaded = load(sources, sources.size(), Patterns::compile_all);
  ASSERT_TRUE(loaded.book);
  EXPECT_THAT(loaded.book->rule("full")->match,
              ElementsAre("(?:of (?:mailbox|inbox)) 50%", "%not a word% 5%", "a%%b"));
  sources.push_back({"b.toml", rule_text("other", "policy", "match = ['%local_to_a%']")});
  loaded = load(sources, sources.size());
  ASSERT_EQ(loaded.diagnostics.size(), 1u);
  EXPECT_THAT(loaded.diagnostics[0].message, HasSubstr("there is no word `%local_to_a%`"));
}

TEST(RuleBook, keeps_local_words_out_of_shipped_rules) {
  std::vector<toml::Source> sources{
      {"classes.toml", class_pages()},
      {"words.toml", "[words]\nbox = 'mailbox'\nfull = 'full'"},
      {"a.toml", full("match = ['%box% %full%']")},
      {"mine/words.toml", "[words]\nbox = '('\nfull = 'over'\nown = 'x'"},
      {"mine/b.toml", rule_text("b", "policy", "match = ['%full% %own%']")}};
  LoadedBook loaded = load(sources, 3);
  ASSERT_TRUE(loaded.book);
  EXPECT_THAT(loaded.book->rule("full")->match, ElementsAre("(?:mailbox) (?:full)"));
  EXPECT_THAT(loaded.book->rule("b")->match, ElementsAre("(?:over) (?:x)"));
}

TEST(RuleBook, bounds_what_words_grow_to) {
  std::string words = "[words]\na = '" + std::string(1000, 'x') + "'\nb = '";
  for (int i = 0; i < 30; ++i) words += "%a%";
  words += "'\n";
  EXPECT_TRUE(load_texts({words + full("match = ['%b%%b%']")}).book);
  LoadedBook loaded = load_texts({words + full("match = ['%b%%b%%b%']")});
  ASSERT_EQ(loaded.diagnostics.size(), 1u);
  EXPECT_THAT(loaded.diagnostics[0].message, HasSubstr("beyond 64 KiB"));
}

TEST(RuleBook, tries_the_patterns_of_local_files_always) {
  std::vector<toml::Source> sources{{"classes.toml", class_pages()},
                                    {"mine.toml", full("match = ['(full']")}};
  EXPECT_FALSE(load(sources, 1).book);
  EXPECT_TRUE(load(sources, 2).book);
}

TEST(RuleBook, lets_a_local_file_replace_a_shipped_rule) {
  RuleBook book = book_of({full("match = ['full']") + rule_text("other", "policy", "all = ['x']")},
                          {rule_text("full", "policy", "match = ['box full']")});
  ASSERT_EQ(book.rules().size(), 2u);
  EXPECT_EQ(book.rule("full")->reply_class, ReplyClass::policy);
  EXPECT_THAT(book.rule("full")->match, ElementsAre("box full"));
  EXPECT_TRUE(book.rule("full")->source.local);
  ASSERT_EQ(book.replaced().size(), 1u);
  EXPECT_EQ(book.replaced()[0].reply_class, ReplyClass::mailbox_full);
  EXPECT_EQ(book.replaced()[0].source.file, "shipped0.toml");
}

TEST(RuleBook, takes_no_rule_twice_from_local_files) {
  LoadedBook loaded =
      load_texts({full("match = ['a']")}, {full("match = ['b']"), full("match = ['c']")});
  EXPECT_FALSE(loaded.book);
  ASSERT_EQ(loaded.diagnostics.size(), 1u);
  EXPECT_EQ(loaded.diagnostics[0].file, "local1.toml");
  EXPECT_THAT(loaded.diagnostics[0].help, HasSubstr("local0.toml, line 1"));
}

TEST(RuleBook, lets_local_files_add_to_a_shipped_provider) {
  RuleBook book = book_of(
      {"[provider]\nid = 'acme'\nname = 'Acme'\nmx = ['*.acme.example']\ntext = ['\\bacme\\b']"},
      {"[provider]\nid = 'acme'\naliases = ['coyote']\nmx = ['*.Road.Example']\n"
       "hosts = ['Help.Runner.Example']\ntext = ['meep']",
       "[provider]\nid = 'acme'\nname = 'Acme Mail'", "[provider]\nid = 'own'"});
  ASSERT_EQ(book.providers().size(), 2u);
  const Provider* acme = book.provider("acme");
  EXPECT_EQ(acme->name, "Acme Mail");
  EXPECT_THAT(acme->aliases, ElementsAre("coyote"));
  EXPECT_THAT(acme->mx, ElementsAre("*.acme.example", "*.road.example"));
  EXPECT_THAT(acme->text, ElementsAre("\\bacme\\b", "meep"));
  EXPECT_EQ(book.provider("own")->name, "own");
  EXPECT_EQ(book.known_hosts().suffix_of("mx.road.example"), "road.example");
  EXPECT_EQ(book.known_hosts().suffix_of("help.runner.example"), "help.runner.example");
}

TEST(RuleBook, lets_a_local_file_replace_pages_codes_and_lists) {
  RuleBook book = book_of(
      {"[[list]]\nzone = 'Bl.Example'\nname = 'A'\nkind = 'ip'\n"
       "[[enhanced]]\ncode = 'x.1.1'\nclass = 'policy'\nmeaning = 'a'\nsource = 's'"},
      {"[[list]]\nzone = 'bl.example'\nname = 'B'\nkind = 'domain'\n"
       "[[enhanced]]\ncode = 'x.1.1'\nmeaning = 'b'\nsource = 's'\n"
       "[[class]]\nid = 'policy'\nwho = 'nobody'\nactor = 'x'\ntitle = 'Mine'\nmeaning = 'x'\n"
       "remedy = ['x']\nexample = 'x'"});
  EXPECT_EQ(book.list("bl.example")->name, "B");
  EXPECT_EQ(book.known_hosts().suffix_of("x.bl.example"), "bl.example");
  EXPECT_EQ(book.code("5.1.1")->meaning, "b");
  EXPECT_EQ(book.page(ReplyClass::policy).title, "Mine");
  EXPECT_EQ(book.page(ReplyClass::policy).who, Who::nobody);
  EXPECT_THAT(book.replaced(), IsEmpty());
}

TEST(RuleBook, finds_a_code_by_itself_before_any_digit) {
  RuleBook book =
      book_of({"[[enhanced]]\ncode = 'x.7.1'\nmeaning = 'any'\nsource = 's'\n"
               "class = { 4 = 'greylisted', 5 = 'policy' }\n"
               "[[enhanced]]\ncode = '4.7.1'\nmeaning = 'four'\nsource = 's'\n"
               "[[reply]]\ncode = '550'\nmeaning = 'reply'\nsource = 's'\nclass = 'policy'"});
  EXPECT_EQ(book.code("5.7.1")->meaning, "any");
  EXPECT_EQ(book.code("5.7.1")->when_transient, ReplyClass::greylisted);
  EXPECT_EQ(book.code("5.7.1")->when_permanent, ReplyClass::policy);
  EXPECT_EQ(book.code("4.7.1")->meaning, "four");
  EXPECT_EQ(book.code("4.7.1")->when_transient, std::nullopt);
  EXPECT_EQ(book.code("550")->meaning, "reply");
  for (const char* none : {"", "5", "551", "5.7.2", "x"}) EXPECT_EQ(book.code(none), nullptr);
  EXPECT_EQ(book.rule("x"), nullptr);
  EXPECT_EQ(book.provider("x"), nullptr);
  EXPECT_EQ(book.list("x"), nullptr);
}

}  // namespace
}  // namespace waypost::classify
