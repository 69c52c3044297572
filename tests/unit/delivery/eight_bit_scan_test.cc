#include "delivery/eight_bit_scan.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace waypost::delivery {
namespace {

// The same whole and octet by octet.
EightBitScan scan(std::string_view message, size_t piece) {
  EightBitScan scan;
  for (; !message.empty(); message.remove_prefix(std::min(piece, message.size())))
    scan.feed(message.substr(0, piece));
  return scan;
}

TEST(EightBitScan, tells_header_and_body_apart_however_the_message_is_cut) {
  for (size_t piece : {size_t{1}, size_t{2}, size_t{1000}}) {
    EXPECT_FALSE(scan("A: b\r\n\r\nc\r\n", piece).in_header());
    EXPECT_FALSE(scan("A: b\r\n\r\nc\r\n", piece).in_body());
    EXPECT_TRUE(scan("A: \xc3\xa9\r\n\r\nc\r\n", piece).in_header());
    EXPECT_FALSE(scan("A: \xc3\xa9\r\n\r\nc\r\n", piece).in_body());
    EXPECT_FALSE(scan("A: b\r\n\r\n\xc3\xa9\r\n", piece).in_header());
    EXPECT_TRUE(scan("A: b\r\n\r\n\xc3\xa9\r\n", piece).in_body());
    EXPECT_TRUE(scan("\r\n\xff", piece).in_body()) << "no header at all";
    EXPECT_TRUE(scan("A: b\n\n\xff", piece).in_body()) << "bare line ends";
    EXPECT_FALSE(scan("A: b\r\n", piece).header_ended());
  }
}

}  // namespace
}  // namespace waypost::delivery
