#include "mailauth/unread_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/memory_resolver.h"
#include "tests/fakes/test_loop.h"

namespace waypost::mailauth {
namespace {

using testing::HasSubstr;

struct Row {
  const char* text;
  const char* why;  // "" is the whole answer
};

void expect_rows(const std::vector<Row>& rows, std::string (*why)(std::string_view)) {
  for (const Row& row : rows) {
    if (std::string_view(row.why).empty())
      EXPECT_EQ(why(row.text), "") << row.text;
    else
      EXPECT_THAT(why(row.text), HasSubstr(row.why)) << row.text;
  }
}

TEST(UnreadRecord, of_spf_is_told_from_other_texts) {
  expect_rows({{"v=spf1 -all", ""},
               {"V=SPF1 a", ""},
               {"v=spf1", ""},
               {"", ""},
               {"google-site-verification=abc", ""},
               {"spf2.0/pra a -all", ""},
               {" v=spf1 -all", "a blank stands in front"},
               {"\tv=spf1 -all", "a blank stands in front"},
               {"\xef\xbb\xbfv=spf1 -all", "a blank stands in front"},
               {"v=spf1\ta -all", "stands a tab"},
               {"v=spf1; a -all", "stands \";\""},
               {"v=spf10 a", "stands \"0\""},
               {"\"v=spf1 a -all\"", "the quotes are a part"},
               {"\xe2\x80\x9cv=spf1 a -all\xe2\x80\x9d", "the quotes are a part"},
               {"v = spf1 a -all", "has to begin with"},
               {"spf: v=spf1 a -all", "has to begin with"}},
              why_no_spf_record);
}

TEST(UnreadRecord, of_dmarc_is_told_from_other_texts) {
  expect_rows({{"v=DMARC1; p=none", ""},
               {"v = DMARC1 ; p=none", ""},
               {" v = DMARC1 ; p=none", "a blank stands in front"},
               {"v=spf1 -all", ""},
               {"verification=17", ""},
               {"v=DMARC1 p=reject", "no \";\" stands behind"},
               {"v=DMARC1, p=reject", "no \";\" stands behind"},
               {"v=dmarc1; p=reject", "in capitals"},
               {"v=DMARC1\\; p=reject\\;", "\"\\\" is a part of its text"},
               {"\"v=DMARC1; p=reject\"", "the quotes are a part"},
               {"p=reject; v=DMARC1", "has to begin with"}},
              why_no_dmarc_record);
}

TEST(UnreadRecord, of_spf_is_found_beside_others) {
  fakes::TestLoop loop;
  dns::MemoryResolver resolver{loop};
  resolver.add_txt("example.com", {"v=spf1 a -all"});
  resolver.add_txt("example.com", {" v=spf1 ", "mx -all"});
  resolver.add_txt("example.com", {"other"});
  const auto found =
      loop.run(find_unread_spf(resolver, "example.com", loop.in(std::chrono::seconds(5))));
  ASSERT_TRUE(found) << found.error().describe();
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().text, " v=spf1 mx -all");
}

}  // namespace
}  // namespace waypost::mailauth
