#include "classify/speaker.h"

#include <gtest/gtest.h>

#include "classify/shipped_rules.h"

namespace waypost::classify {
namespace {

bool spoken(const char* provider, std::string_view host, std::string_view text) {
  const RuleBook& book = shipped_book();
  return is_spoken_by(*book.provider(provider), host, text, book);
}

TEST(Speaker, is_known_by_the_host) {
  EXPECT_TRUE(spoken("yahoo", "mta5.am0.yahoodns.net", "554 No"));
  EXPECT_TRUE(spoken("yahoo", "MTA5.AM0.YAHOODNS.NET.", "554 No"));
  EXPECT_TRUE(spoken("yahoo", "yahoodns.net", "554 No"));
  EXPECT_FALSE(spoken("yahoo", "notyahoodns.net", "554 No"));
  EXPECT_FALSE(spoken("yahoo", "yahoodns.net.evil.example", "554 No"));
  EXPECT_FALSE(spoken("yahoo", "", "554 No"));
}

TEST(Speaker, is_known_by_what_only_it_writes) {
  EXPECT_TRUE(spoken("barracuda", "mx.example.net", "554 Blocked by Barracuda Reputation"));
  EXPECT_FALSE(spoken("exim", "mx.example.net", "550 5.1.1 No such user here"));
  EXPECT_FALSE(spoken("brazil", "mx.example.net", "550 conta inexistente"));
}

}  // namespace
}  // namespace waypost::classify
