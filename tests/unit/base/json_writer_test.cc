#include "base/json_writer.h"

#include <gtest/gtest.h>

namespace waypost::base {
namespace {

std::string string_of(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

TEST(JsonWriter, writes_members_in_their_order) {
  JsonWriter writer(10);
  writer.text("name", "a b");
  writer.number("least", INT64_MIN);
  writer.number("most", INT64_MAX);
  writer.boolean("yes", true);
  writer.boolean("no", false);
  writer.member("list") += "[1]";
  EXPECT_EQ(std::move(writer).finish(),
            R"({"name":"a b","least":-9223372036854775808,"most":9223372036854775807,)"
            R"("yes":true,"no":false,"list":[1]})");
}

TEST(JsonWriter, writes_an_object_without_members) { EXPECT_EQ(JsonWriter(0).finish(), "{}"); }

TEST(JsonWriter, escapes_what_must_be) {
  EXPECT_EQ(string_of(""), R"("")");
  EXPECT_EQ(string_of("\"\\"), R"("\"\\")");
  EXPECT_EQ(string_of("a\r\n\tb"), R"("a\r\n\tb")");
  EXPECT_EQ(string_of(std::string_view("\0\x1f\x7f", 3)), R"("\u0000\u001f\u007f")");
  EXPECT_EQ(string_of("end\""), R"("end\"")");
}

TEST(JsonWriter, leaves_all_else_as_it_is) {
  EXPECT_EQ(string_of("Grüße / \xff"), "\"Grüße / \xff\"");
}

}  // namespace
}  // namespace waypost::base
