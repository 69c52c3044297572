#include "submission/input_buffer.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace waypost::submission {
namespace {

void receive(InputBuffer& buffer, std::string_view octets, size_t room) {
  std::span<char> space = buffer.room(room);
  ASSERT_EQ(space.size(), room);
  std::copy(octets.begin(), octets.end(), space.begin());
  buffer.received(octets.size());
}

TEST(InputBuffer, keeps_what_is_not_taken_in_its_order) {
  InputBuffer buffer;
  EXPECT_EQ(buffer.octets(), "");
  receive(buffer, "MAIL", 4);
  receive(buffer, " FROM:<>", 4096);
  EXPECT_EQ(buffer.octets(), "MAIL FROM:<>");
  buffer.drop(5);
  receive(buffer, "\r\n", 100'000);
  EXPECT_EQ(buffer.octets(), "FROM:<>\r\n");
  buffer.drop(9);
  EXPECT_EQ(buffer.octets(), "");
  receive(buffer, "QUIT", 4);
  EXPECT_EQ(buffer.octets(), "QUIT");
}

TEST(InputBuffer, wipes_what_was_taken) {
  InputBuffer buffer;
  receive(buffer, "secret and more", 100);
  const char* where = buffer.octets().data();
  buffer.drop(6);
  EXPECT_EQ(std::string(where, 6), std::string(6, '\0'));
  EXPECT_EQ(buffer.octets(), " and more");
}

TEST(InputBuffer, takes_its_room_from_what_was_dropped_when_all_was) {
  InputBuffer buffer;
  receive(buffer, "EHLO x\r\n", 4096);
  const char* where = buffer.octets().data();
  buffer.drop(8);
  receive(buffer, "RSET\r\n", 4096);
  EXPECT_EQ(buffer.octets().data(), where);
}

}  // namespace
}  // namespace waypost::submission
