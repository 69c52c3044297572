#include "classify/reply_class.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "classify/rule_book.h"
#include "classify/shipped_rules.h"
#include "tests/fakes/source_folder.h"

namespace waypost::classify {
namespace {

using testing::ElementsAre;

TEST(ReplyClass, condemns_an_address_for_five_reasons_only) {
  std::vector<ReplyClass> condemning;
  for (const ClassFacts& row : reply_classes())
    if (row.condemns_address) condemning.push_back(row.id);
  EXPECT_THAT(condemning, ElementsAre(ReplyClass::recipient_unknown, ReplyClass::recipient_disabled,
                                      ReplyClass::recipient_moved, ReplyClass::domain_not_found,
                                      ReplyClass::no_mx));
}

TEST(ReplyClass, has_a_name_that_reads_back) {
  std::set<std::string_view> slugs;
  for (const ClassFacts& row : reply_classes()) {
    EXPECT_EQ(parse_reply_class(row.slug), row.id);
    EXPECT_EQ(slug(row.id), row.slug);
    EXPECT_EQ(&facts(row.id), &row);
    slugs.insert(row.slug);
  }
  EXPECT_EQ(slugs.size(), reply_class_count);
  for (std::string_view none : {"", "Policy", "recipient_unknown", "recipient"})
    EXPECT_EQ(parse_reply_class(none), std::nullopt) << none;
}

TEST(ReplyClass, lets_the_cause_go_before_its_consequence) {
  auto goes_before = [](ReplyClass a, ReplyClass b) { return facts(a).rank > facts(b).rank; };
  using enum ReplyClass;
  EXPECT_TRUE(goes_before(blocklisted_ip, mailbox_unavailable));
  EXPECT_TRUE(goes_before(blocklisted_ip, recipient_unknown));
  EXPECT_TRUE(goes_before(rate_limited, recipient_unknown));
  EXPECT_TRUE(goes_before(mailbox_full, recipient_unknown));
  EXPECT_TRUE(goes_before(network_timeout, expired));
  for (const ClassFacts& row : reply_classes())
    EXPECT_TRUE(row.id == unknown || goes_before(row.id, unknown)) << row.slug;
}

TEST(Words, read_back) {
  for (Confidence each : {Confidence::possible, Confidence::likely, Confidence::certain})
    EXPECT_EQ(parse_confidence(name(each)), each);
  for (Who each :
       {Who::sender, Who::recipient, Who::receiver, Who::domain_owner, Who::nobody, Who::unknown})
    EXPECT_EQ(parse_who(name(each)), each);
  EXPECT_EQ(parse_confidence("sure"), std::nullopt);
  EXPECT_EQ(parse_who(""), std::nullopt);
}

TEST(ReplyClass, is_documented_as_it_is) {
  std::ifstream file(fakes::source_folder() / "docs/format/rules.md");
  const std::string page((std::istreambuf_iterator<char>(file)), {});
  LoadedBook loaded = load(shipped_rules(), shipped_rules().size());
  ASSERT_TRUE(loaded.book);
  std::vector<std::string> later;
  for (const ClassFacts& row : reply_classes()) {
    const std::string begins = fmt::format("\n| `{}` | {} | {} | {}| {} | ", row.slug, row.group,
                                           name(loaded.book->page(row.id).who),
                                           row.condemns_address ? "**yes** " : "", row.rank);
    EXPECT_NE(page.find(begins), std::string::npos) << begins;
    if (row.retry == Retry::later) later.push_back(fmt::format("`{}`", row.slug));
  }
  const std::string last = later.back();
  later.pop_back();
  std::string together = page;
  std::replace(together.begin(), together.end(), '\n', ' ');
  EXPECT_NE(together.find(fmt::format("{} and {}.", fmt::join(later, ", "), last)),
            std::string::npos);
}

TEST(ReplyClass, has_the_names_and_groups_of_the_public_test_data) {
  const auto path = fakes::test_data_folder() / "replies" / "taxonomy.json";
  std::ifstream file(path);
  if (!file) {
    const char* ci = std::getenv("CI");
    const char* peers = std::getenv("WAYPOST_REQUIRE_PEERS");
    if ((ci != nullptr && std::string_view(ci) == "true") ||
        (peers != nullptr && std::string_view(peers) == "1"))
      FAIL() << "MISSING TEST DATA: " << path;
    GTEST_SKIP() << "MISSING TEST DATA: " << path << "; set WAYPOST_TEST_DATA to its folder";
  }
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const boost::json::value taxonomy = boost::json::parse(text);
  std::set<std::string> named;
  for (const auto& entry : taxonomy.at("classes").as_array()) {
    const std::string slug(entry.at("name").as_string());
    named.insert(slug);
    std::optional<ReplyClass> found = parse_reply_class(slug);
    ASSERT_TRUE(found) << slug;
    EXPECT_EQ(facts(*found).group, std::string_view(entry.at("group").as_string())) << slug;
    EXPECT_EQ(facts(*found).condemns_address, entry.at("suppress_address").as_bool()) << slug;
  }
  EXPECT_EQ(named.size(), reply_class_count);
}

}  // namespace
}  // namespace waypost::classify
