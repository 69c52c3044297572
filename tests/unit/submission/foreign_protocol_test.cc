#include "submission/foreign_protocol.h"

#include <gtest/gtest.h>

namespace waypost::submission {
namespace {

TEST(ForeignProtocol, knows_the_lines_of_http) {
  for (std::string_view line : {"GET / HTTP/1.1", "POST /x HTTP/1.0", "get /", "Host: mail.example",
                                "OPTIONS * HTTP/1.1", "PRI * HTTP/2.0"})
    EXPECT_TRUE(looks_like_http(line)) << line;
}

TEST(ForeignProtocol, takes_no_smtp_command_for_http) {
  for (std::string_view line : {"EHLO post", "MAIL FROM:<get@example.org>", "HELP", "RSET", "",
                                "GETTING", "NOOP Host: x", "PURGE"})
    EXPECT_FALSE(looks_like_http(line)) << line;
}

TEST(ForeignProtocol, knows_a_tls_handshake_by_its_first_octet) {
  EXPECT_TRUE(looks_like_tls(std::string_view("\x16\x03\x01\x00\xf8", 5)));
  EXPECT_FALSE(looks_like_tls("EHLO x"));
  EXPECT_FALSE(looks_like_tls(""));
}

}  // namespace
}  // namespace waypost::submission
