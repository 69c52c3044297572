#include "guard/address.h"

#include <gtest/gtest.h>

namespace waypost::guard {
namespace {

std::string key_of(std::string_view address) {
  Result<std::string> key = address_key(address);
  return key ? *key : "refused: " + key.error().message();
}

TEST(AddressKeyTest, compares_without_case_on_both_sides) {
  EXPECT_EQ(key_of("Ann.Smith@Example.NET"), "ann.smith@example.net");
  EXPECT_EQ(key_of("ann.smith@example.net"), "ann.smith@example.net");
}

TEST(AddressKeyTest, takes_quotes_away_that_change_nothing) {
  EXPECT_EQ(key_of("\"Ann\"@example.net"), key_of("ann@example.net"));
  EXPECT_NE(key_of("\"ann smith\"@example.net"), key_of("annsmith@example.net"));
}

TEST(AddressKeyTest, writes_a_domain_in_a_labels) {
  EXPECT_EQ(key_of("ann@b\u00fccher.example"), "ann@xn--bcher-kva.example");
  EXPECT_EQ(key_of("ann@XN--BCHER-KVA.example"), "ann@xn--bcher-kva.example");
  EXPECT_EQ(domain_key("B\u00dcCHER.example"), "xn--bcher-kva.example");
}

TEST(AddressKeyTest, keeps_a_sub_address_and_dots) {
  EXPECT_NE(key_of("ann+news@example.net"), key_of("ann@example.net"));
  EXPECT_NE(key_of("a.nn@example.net"), key_of("ann@example.net"));
}

TEST(AddressKeyTest, refuses_what_is_no_address) {
  EXPECT_FALSE(address_key("ann"));
  EXPECT_FALSE(address_key("ann@example.net, bob@example.net"));
  EXPECT_FALSE(address_key(""));
}

}  // namespace
}  // namespace waypost::guard
