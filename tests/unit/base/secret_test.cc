#include "base/secret.h"

#include <type_traits>

#include <gtest/gtest.h>

namespace waypost::base {
namespace {

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);

TEST(Secret, moves_and_leaves_nothing_behind) {
  Secret first("hunter2");
  Secret second(std::move(first));
  EXPECT_TRUE(first.empty());
  EXPECT_EQ(second.reveal(), "hunter2");
  Secret third;
  third = std::move(second);
  EXPECT_TRUE(second.empty());
  EXPECT_EQ(third.reveal(), "hunter2");
}

TEST(Secret, wipes_what_it_takes_over) {
  for (size_t octets : {7, 700}) {
    std::string text(octets, 'x');
    const char* memory = text.data();
    Secret secret = Secret::take(text);
    EXPECT_EQ(secret.reveal(), std::string(octets, 'x'));
    EXPECT_EQ(std::string(memory, octets), std::string(octets, '\0'));
  }
}

}  // namespace
}  // namespace waypost::base
