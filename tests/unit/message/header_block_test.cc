#include "message/header_block.h"

#include <gtest/gtest.h>

namespace waypost::message {
namespace {

TEST(HeaderBlock, has_fields_with_their_place) {
  const std::string_view message =
      "Received: from a\r\n\tby b\r\nSubject: Hello\r\n  world \r\nX-Empty:\r\n\r\nbody: no\r\n";
  const HeaderBlock block = scan_header_block(message);
  ASSERT_EQ(block.fields.size(), 3u);
  EXPECT_EQ(block.ended_by, HeaderEnd::blank_line);
  EXPECT_EQ(message.substr(block.body_offset), "body: no\r\n");
  EXPECT_EQ(block.fields[0].name, "Received");
  EXPECT_EQ(block.fields[0].value, "from a\r\n\tby b");
  EXPECT_EQ(message.substr(block.fields[1].offset, block.fields[1].octets),
            "Subject: Hello\r\n  world \r\n");
  EXPECT_EQ(unfold(block.fields[1].value), "Hello  world");
  EXPECT_EQ(block.fields[2].value, "");
}

TEST(HeaderBlock, covers_the_header_without_gaps) {
  const HeaderBlock block = scan_header_block("A: 1\r\nB : 2\n\tc\nD:\r\n \r\n\r\n");
  size_t offset = 0;
  for (const HeaderField& field : block.fields) {
    EXPECT_EQ(field.offset, offset);
    offset += field.octets;
  }
  EXPECT_EQ(block.fields.size(), 3u);
  EXPECT_EQ(block.fields[1].name, "B");
  EXPECT_EQ(block.fields[1].value, "2\n\tc");
  EXPECT_EQ(block.body_offset, offset + 2);
}

TEST(HeaderBlock, finds_and_counts_in_any_case) {
  const HeaderBlock block = scan_header_block("Received: 1\r\nSUBJECT: a\r\nreceived: 2\r\n\r\n");
  EXPECT_EQ(block.count("RECEIVED"), 2u);
  EXPECT_EQ(block.find("Received")->value, "1");
  EXPECT_EQ(block.find("subject")->value, "a");
  EXPECT_EQ(block.find("Subjec"), nullptr);
  EXPECT_EQ(block.count("Date"), 0u);
}

TEST(HeaderBlock, ends_at_a_line_that_is_no_field) {
  for (std::string_view line : {"just text\r\n", "From a@b Sat Nov 21\r\n", ": x\r\n", "a b: c\r\n",
                                "\xc3\xbc: c\r\n", "no end", ".\r\n", "\rA: b\r\n"}) {
    const std::string message = "A: 1\r\n" + std::string(line) + "B: 2\r\n\r\n";
    const HeaderBlock block = scan_header_block(message);
    EXPECT_EQ(block.ended_by, HeaderEnd::not_a_field) << line;
    EXPECT_EQ(block.fields.size(), 1u) << line;
    EXPECT_EQ(block.body_offset, 6u) << line;
  }
}

TEST(HeaderBlock, may_be_missing) {
  EXPECT_EQ(scan_header_block("").ended_by, HeaderEnd::end_of_input);
  EXPECT_EQ(scan_header_block("\r\nbody").body_offset, 2u);
  EXPECT_EQ(scan_header_block(" folded: first\r\n").ended_by, HeaderEnd::not_a_field);
  EXPECT_EQ(scan_header_block(" folded: first\r\n").fields.size(), 0u);
}

TEST(HeaderBlock, may_be_all_there_is) {
  const HeaderBlock block = scan_header_block("A: 1\r\nB: 2");
  EXPECT_EQ(block.ended_by, HeaderEnd::end_of_input);
  EXPECT_EQ(block.body_offset, 10u);
  ASSERT_EQ(block.fields.size(), 2u);
  EXPECT_EQ(block.fields[1].value, "2");
  EXPECT_EQ(block.fields[1].octets, 4u);
}

TEST(HeaderBlock, stops_at_its_limits) {
  std::string fields;
  for (size_t i = 0; i < header_fields_max; ++i) fields += "A:b\r\n";
  EXPECT_EQ(scan_header_block(fields + "\r\n").ended_by, HeaderEnd::blank_line);
  const HeaderBlock many = scan_header_block(fields + "A:b\r\n\r\n");
  EXPECT_EQ(many.ended_by, HeaderEnd::too_many_fields);
  EXPECT_EQ(many.fields.size(), header_fields_max);
  EXPECT_TRUE(many.over_limit());

  const std::string line = " " + std::string(997, 'x') + "\r\n";
  std::string large = "A: b\r\n";
  while (large.size() + line.size() + 2 <= header_block_octets_max) large += line;
  EXPECT_EQ(scan_header_block(large + "\r\n").ended_by, HeaderEnd::blank_line);
  EXPECT_FALSE(scan_header_block(large + "\r\n" + line).over_limit());
  EXPECT_EQ(scan_header_block(large + line + "\r\n").ended_by, HeaderEnd::too_large);
  EXPECT_EQ(scan_header_block("A: " + std::string(header_block_octets_max, 'x')).ended_by,
            HeaderEnd::too_large);
}

}  // namespace
}  // namespace waypost::message
