#include "returns/return_address.h"

#include <array>
#include <set>

#include <gtest/gtest.h>

#include "base/ascii.h"
#include "smtp/limits.h"

namespace waypost::returns {
namespace {

const std::string key(ReturnAddresses::key_octets, 'k');

MessageId id_of(uint8_t seed) {
  std::array<uint8_t, 10> random;
  random.fill(seed);
  return MessageId::make(WallTime(std::chrono::hours(480'000)), random);
}

TEST(ReturnAddress, names_what_it_was_made_for) {
  const ReturnAddresses addresses{Secret(key)};
  for (Reach reach : {Reach::recipient, Reach::domain, Reach::message})
    for (uint32_t recipient : {0u, 1u, 255u, 65'536u, ReturnAddresses::recipients_max - 1}) {
      const Reference reference{id_of(7), reach, recipient};
      EXPECT_EQ(addresses.read(addresses.make(reference)), reference);
    }
}

TEST(ReturnAddress, fits_into_a_local_part_of_letters_and_digits_in_any_case) {
  const ReturnAddresses addresses{Secret(key)};
  const Reference reference{id_of(255), Reach::recipient, 12};
  const std::string made = addresses.make(reference);
  EXPECT_LE(made.size(), smtp::local_part_octets_max);
  EXPECT_EQ(made.size(), ReturnAddresses::local_part_octets);
  for (char c : made) EXPECT_TRUE(base::is_alnum(c)) << made;
  EXPECT_EQ(addresses.read(base::to_upper(made)), reference);
}

// Whatever one octet is changed to, it is refused: there is one spelling, and no bit is unchecked.
TEST(ReturnAddress, is_refused_with_any_octet_altered) {
  const ReturnAddresses addresses{Secret(key)};
  const std::string made = addresses.make({id_of(3), Reach::domain, 5});
  for (size_t i = 0; i < made.size(); ++i)
    for (char c : std::string("abcdefghijklmnopqrstuvwxyz0123456789=-@ ")) {
      if (c == made[i]) continue;
      std::string altered = made;
      altered[i] = c;
      EXPECT_FALSE(addresses.read(altered)) << altered;
    }
  EXPECT_FALSE(addresses.read(made.substr(1)));
  EXPECT_FALSE(addresses.read(made + "a"));
  EXPECT_FALSE(addresses.read(""));
}

TEST(ReturnAddress, of_another_key_is_refused) {
  const ReturnAddresses ours{Secret(key)};
  const ReturnAddresses others{Secret(std::string(ReturnAddresses::key_octets, 'x'))};
  EXPECT_FALSE(ours.read(others.make({id_of(1), Reach::recipient, 0})));
}

TEST(ReturnAddress, differs_for_each_recipient) {
  const ReturnAddresses addresses{Secret(key)};
  std::set<std::string> made;
  for (uint32_t i = 0; i < 1000; ++i) made.insert(addresses.make({id_of(1), Reach::recipient, i}));
  EXPECT_EQ(made.size(), 1000u);
}

}  // namespace
}  // namespace waypost::returns
