#include "intake/compose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::intake {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ComposeTest, writes_plain_text_as_it_is) {
  EXPECT_EQ(compose({"a@b.c", {"d@e.f", "g@h.i"}, "Hello", "one\ntwo", ""}, "x"),
            "From: a@b.c\r\nTo: d@e.f,\r\n g@h.i\r\nSubject: Hello\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
            "one\r\ntwo\r\n");
}

TEST(ComposeTest, encodes_what_ascii_lines_cannot_carry) {
  std::string message = compose({"a@b.c", {"d@e.f"}, "Grüße", "Grüße\n", ""}, "x");
  EXPECT_THAT(message, HasSubstr("Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n"));
  EXPECT_THAT(message, HasSubstr("base64\r\n\r\nR3LDvMOfZQ0K\r\n"));
  EXPECT_THAT(compose({"a@b.c", {"d@e.f"}, "s", std::string(2000, 'x'), ""}, "x"),
              HasSubstr("base64"));
  EXPECT_THAT(compose({"a@b.c", {"d@e.f"}, "s", "bare\rcr", ""}, "x"), HasSubstr("base64"));
}

TEST(ComposeTest, lets_no_value_bring_a_field_or_an_overlong_word) {
  std::string subject = "a\r\nBcc: x@y.z";
  for (int i = 0; i < 60; ++i) subject += "ü";
  std::string message = compose({"a@b.c", {"d@e.f"}, subject, "x", ""}, "x");
  EXPECT_THAT(message, Not(HasSubstr("\r\nBcc:")));
  EXPECT_THAT(compose({"a@b.c\r\nBcc: x@y.z", {"d@e.f"}, "s", "x", ""}, "x"),
              Not(HasSubstr("\r\nBcc:")));
  for (size_t at = 0; (at = message.find("=?UTF-8", at)) != std::string::npos; ++at)
    EXPECT_LE(message.find("?=", at) + 2 - at, 75u);
}

TEST(ComposeTest, writes_no_line_that_is_too_long) {
  std::string words = "start";
  for (int i = 0; i < 400; ++i) words += i % 7 ? " word" : "   word";
  Composition composition{"a@b.c", {"d@e.f"}, words, "x", ""};
  composition.fields = {{"X-Words", words}, {"X-Long", std::string(2000, 'x')}};
  composition.reply_to.assign(10, std::string(600, 'r') + "@b.c");
  const std::string message = compose(composition, "x");
  std::string unfolded;
  for (size_t start = 0; start < message.size();) {
    const size_t end = message.find("\r\n", start);
    EXPECT_LE(end - start, 998u);
    unfolded += message.substr(start, end - start);
    start = end + 2;
  }
  EXPECT_THAT(unfolded, HasSubstr("Subject: " + words + "MIME-Version"));
  EXPECT_THAT(unfolded, HasSubstr("X-Words: " + words + "X-Long: =?UTF-8?B?"));
  EXPECT_THAT(message, HasSubstr("@b.c,\r\n rrr"));
}

TEST(ComposeTest, gives_both_bodies_as_alternatives) {
  std::string message = compose({"a@b.c", {"d@e.f"}, "s", "text", "<p>html</p>"}, "edge");
  EXPECT_THAT(message, HasSubstr("multipart/alternative; boundary=\"edge\"\r\n\r\n--edge\r\n"));
  EXPECT_LT(message.find("text/plain"), message.find("text/html"));
  EXPECT_THAT(message, testing::EndsWith("<p>html</p>\r\n\r\n--edge--\r\n"));
}

TEST(ComposeTest, puts_attachments_behind_and_pictures_beside_the_html) {
  Composition composition{"a@b.c", {"d@e.f"}, "s", "text", "<img src=cid:logo>"};
  composition.cc = {"g@h.i"};
  composition.reply_to = {"r@b.c"};
  composition.fields = {{"X-Note", "Grüße\r\nBcc: x@y.z"}};
  composition.attachments = {{"bill \"1\".pdf", "application/pdf", std::string(100, 'Q'), ""},
                             {"Bäume.png", "image/png", "UQ==", "logo"}};
  const std::string message = compose(composition, "edge");
  EXPECT_THAT(message, HasSubstr("\r\nCc: g@h.i\r\nReply-To: r@b.c\r\n"));
  EXPECT_THAT(message, Not(HasSubstr("\r\nBcc")));
  EXPECT_THAT(message, HasSubstr("multipart/mixed; boundary=\"edge-mixed\"\r\n\r\n--edge-mixed\r\n"
                                 "Content-Type: multipart/alternative"));
  EXPECT_THAT(message, HasSubstr("multipart/related; boundary=\"edge-shown\""));
  EXPECT_THAT(message,
              HasSubstr("inline;\r\n filename*=UTF-8''B%C3%A4ume.png\r\nContent-ID: <logo>"));
  EXPECT_THAT(message, HasSubstr("attachment;\r\n filename=\"bill \\\"1\\\".pdf\"\r\n\r\n" +
                                 std::string(76, 'Q') + "\r\n" + std::string(24, 'Q') + "\r\n"));
  EXPECT_THAT(message, testing::EndsWith("--edge-mixed--\r\n"));
}

}  // namespace
}  // namespace waypost::intake
