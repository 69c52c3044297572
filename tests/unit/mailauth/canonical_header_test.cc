#include "mailauth/canonical_header.h"

#include <gtest/gtest.h>

namespace waypost::mailauth {
namespace {

std::string canonical(CanonicalForm form, const std::string& octets) {
  std::string text;
  for (const message::HeaderField& field : message::scan_header_block(octets).fields)
    append_canonical_field(form, field, octets, text);
  return text;
}

struct Row {
  std::string header;
  std::string simple;
  std::string relaxed;
};

TEST(CanonicalHeader, is_what_the_rfc_says) {
  // RFC 6376 §3.4.1, §3.4.2, §3.4.5.
  const Row rows[] = {
      {"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n", "A: X\r\nB : Y\t\r\n\tZ  \r\n", "a:X\r\nb:Y Z\r\n"},
      {"SUBJect: AbC\r\n", "SUBJect: AbC\r\n", "subject:AbC\r\n"},
      {"Subject  :   Test Email\r\n", "Subject  :   Test Email\r\n", "subject:Test Email\r\n"},
      {"X-Empty:    \r\n", "X-Empty:    \r\n", "x-empty:\r\n"},
      {"X: one\n two\n", "X: one\r\n two\r\n", "x:one two\r\n"},
      {"X:\r\n one\r\n", "X:\r\n one\r\n", "x:one\r\n"},
      {"X: no end", "X: no end\r\n", "x:no end\r\n"},
      {"X: one \r\n \r\n", "X: one \r\n \r\n", "x:one\r\n"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(canonical(CanonicalForm::simple, row.header), row.simple);
    EXPECT_EQ(canonical(CanonicalForm::relaxed, row.header), row.relaxed);
  }
}

std::string signature(CanonicalForm form, const std::string& octets) {
  const message::HeaderBlock block = message::scan_header_block(octets);
  const message::HeaderField& field = block.fields.front();
  const size_t begin = field.value.find("b=") + 2;
  const size_t end = std::min(field.value.find(';', begin), field.value.size());
  std::string text;
  append_canonical_signature(form, field, octets, begin, end, text);
  return text;
}

TEST(CanonicalHeader, leaves_the_value_of_the_signature_out) {
  // RFC 6376 §3.7: with the blanks around it, and without the last line end.
  EXPECT_EQ(signature(CanonicalForm::simple, "S: a=1; b= abc\r\n def ; c=2 \r\n"),
            "S: a=1; b=; c=2 ");
  EXPECT_EQ(signature(CanonicalForm::relaxed, "S: a=1; b= abc\r\n def ; c=2 \r\n"),
            "s:a=1; b=; c=2");
  EXPECT_EQ(signature(CanonicalForm::simple, "S: a=1;\n b=abc\n def \n"), "S: a=1;\r\n b=");
  EXPECT_EQ(signature(CanonicalForm::relaxed, "S: a=1;\r\n b=abc\r\n"), "s:a=1; b=");
  EXPECT_EQ(signature(CanonicalForm::relaxed, "S:b=x\r\n y;\r\n\tc=2"), "s:b=; c=2");
}

TEST(FieldPicker, takes_the_last_of_several_first) {
  const std::string octets = "A: 1\r\nB: 2\r\na: 3\r\nC: 4\r\nA: 5\r\n\r\n";
  const message::HeaderBlock block = message::scan_header_block(octets);
  std::string values;
  for (const auto* field : FieldPicker(block).pick({"a", "B", "A", "x", "A", "A", ""}))
    values += field->value;
  EXPECT_EQ(values, "5231");
}

}  // namespace
}  // namespace waypost::mailauth
