#include "delivery/eight_bit_scan.h"

#include <algorithm>
#include <utility>

namespace waypost::delivery {
namespace {

bool is_eight_bit(char c) { return static_cast<unsigned char>(c) >= 0x80; }

}  // namespace

void EightBitScan::feed(std::string_view octets) {
  size_t at = 0;
  for (; at < octets.size() && !header_ended_; ++at) {
    char c = octets[at];
    if (c == '\n') header_ended_ = std::exchange(line_is_empty_, true);
    if (c != '\n' && c != '\r') line_is_empty_ = false;
    in_header_ = in_header_ || is_eight_bit(c);
  }
  octets.remove_prefix(at);
  in_body_ = in_body_ || std::any_of(octets.begin(), octets.end(), is_eight_bit);
}

}  // namespace waypost::delivery
