#include "demo/letters.h"

#include <set>

#include <gtest/gtest.h>

namespace waypost::demo {
namespace {

std::vector<std::string> drawn(uint64_t seed, unsigned count) {
  Letters letters(seed);
  std::vector<std::string> texts;
  for (unsigned i = 0; i < count; ++i) texts.push_back(letters.next().text());
  return texts;
}

TEST(Letters, are_the_same_for_the_same_seed) {
  EXPECT_EQ(drawn(7, 300), drawn(7, 300));
  EXPECT_NE(drawn(7, 300), drawn(8, 300));
}

TEST(Letters, go_to_every_domain_and_some_are_wrong) {
  Letters letters(1);
  std::set<std::string> domains, recipients;
  unsigned nobody = 0, full = 0, not_signed = 0, hurried = 0;
  for (unsigned i = 0; i < 1000; ++i) {
    const Letter letter = letters.next();
    domains.insert(letter.recipient.substr(letter.recipient.find('@') + 1));
    EXPECT_TRUE(recipients.insert(letter.recipient).second) << letter.recipient;
    nobody += letter.recipient.starts_with("nobody.");
    full += letter.recipient.starts_with("full.");
    not_signed += letter.sender.ends_with(unsigned_domain);
    hurried += letter.expire_after > Duration::zero();
    EXPECT_EQ(letter.expire_after > Duration::zero(), letter.recipient.ends_with("@dead.test"));
  }
  EXPECT_EQ(domains.size(), personas().size());
  EXPECT_NEAR(nobody, 70, 35);
  EXPECT_NEAR(full, 50, 30);
  EXPECT_NEAR(not_signed, 60, 35);
  EXPECT_GT(hurried, 0u);
}

}  // namespace
}  // namespace waypost::demo
