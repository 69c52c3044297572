#include "seeds/curl_channel.h"

#include <gtest/gtest.h>

#include "io/clock.h"

namespace waypost::seeds {
namespace {

// Nothing listens at that port; a connection is tried for all that.
TEST(CurlChannelTest, takes_an_ipv6_address_for_a_host) {
  Seed seed;
  seed.host = "::1";
  seed.port = 1;
  CurlChannel channel;
  const Instant deadline = io::SystemClock().now() + std::chrono::seconds(10);
  auto opened = channel.open(seed, {*IpAddress::parse("::1")}, "", deadline);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().code(), ErrorCode::peer_gone) << opened.error().message();
}

}  // namespace
}  // namespace waypost::seeds
