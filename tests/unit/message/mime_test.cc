#include "message/mime.h"

#include <gtest/gtest.h>

namespace waypost::message {
namespace {

TEST(Mime, reads_parts_with_their_encodings_undone) {
  const MimeMessage message = read_mime(
      "From: a@example.net\r\n"
      "Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n"
      "Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n"
      "--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
      "Content-Transfer-Encoding: quoted-printable\r\n\r\nna=EFve\r\n"
      "--b\r\nContent-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n"
      "QWN0aW9uOiBmYWlsZWQK\r\n--b--\r\n");
  EXPECT_EQ(message.type, "multipart/report");
  EXPECT_EQ(message.report_type, "delivery-status");
  EXPECT_EQ(message.field("subject"),
            "gr\xC3\xBC\xC3\x9F"
            "e");
  ASSERT_EQ(message.parts.size(), 2u);
  EXPECT_EQ(message.parts[0].content, "na\xC3\xAFve");
  ASSERT_NE(message.part("message/delivery-status"), nullptr);
  EXPECT_EQ(message.part("message/delivery-status")->content, "Action: failed\n");
}

TEST(Mime, knows_what_is_inside_of_a_returned_message) {
  const MimeMessage message = read_mime(
      "From: a@example.net\nContent-Type: multipart/mixed; boundary=b\n\n"
      "--b\n\nnotice\n--b\nContent-Type: message/rfc822\n\n"
      "To: ann@example.net\nSubject: hello\n\nbody\n--b--\n");
  ASSERT_EQ(message.parts.size(), 3u);
  EXPECT_EQ(message.parts[1].type, "message/rfc822");
  EXPECT_NE(message.parts[1].content.find("To: ann@example.net"), std::string::npos);
  EXPECT_EQ(message.parts[2].messages, 1u);
}

TEST(Mime, takes_a_text_without_a_header_as_one_part) {
  const MimeMessage message = read_mime("Your message\ncould not be delivered.\n");
  EXPECT_TRUE(message.fields.empty());
  ASSERT_EQ(message.parts.size(), 1u);
  EXPECT_EQ(message.parts[0].type, "text/plain");
}

TEST(Mime, survives_what_is_cut_off) {
  const std::string whole =
      "From: a@example.net\nContent-Type: multipart/report; boundary=b\n\n"
      "--b\n\nnotice\n--b\nContent-Type: message/delivery-status\n\nAction: failed\n--b--\n";
  for (size_t octets = 0; octets <= whole.size(); ++octets) read_mime(whole.substr(0, octets));
  EXPECT_EQ(read_mime(whole.substr(0, whole.size() - 8)).parts.size(), 2u);
}

TEST(Mime, reads_the_body_of_a_multipart_without_its_boundaries) {
  const MimeMessage message =
      read_mime("From: a@example.net\nContent-Type: multipart/report; boundary=b\n\nnotice\n");
  ASSERT_FALSE(message.parts.empty());
  EXPECT_EQ(message.parts.back().content, "notice\n");
}

TEST(Mime, stops_at_its_limits) {
  std::string deep = "From: a@example.net\n";
  for (int i = 0; i < 3000; ++i)
    deep += "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\n\n--b" +
            std::to_string(i) + "\n";
  for (const MimePart& part : read_mime(deep).parts) EXPECT_LE(part.depth, mime_depth_max);
  std::string wide = "From: a@example.net\nContent-Type: multipart/mixed; boundary=b\n\n";
  for (int i = 0; i < 100'000; ++i) wide += "--b\n\nx\n";
  EXPECT_LE(read_mime(wide).parts.size(), mime_parts_max);
}

std::string multipart(const std::string& inside) {
  return "From: a@example.net\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + inside +
         "--b--\r\n";
}

TEST(Mime, says_where_it_left_something_out) {
  for (ReadFor whom : {ReadFor::people, ReadFor::reports}) {
    auto is_cut = [&](const std::string& octets) { return read_mime(octets, whom).cut; };
    EXPECT_FALSE(is_cut(multipart("--b\r\n\r\nx\r\n")));
    std::string parts;
    for (size_t i = 0; i < mime_parts_max; ++i) parts += "--b\r\n\r\nx\r\n";
    EXPECT_FALSE(is_cut(multipart(parts)));
    EXPECT_TRUE(is_cut(multipart(parts + "--b\r\n\r\nx\r\n")));
    std::string boundaries;
    for (size_t i = 0; i <= mime_boundary_lines_max; ++i) boundaries += "--b\r\n\r\nx\r\n";
    EXPECT_TRUE(is_cut(multipart(boundaries)));
    auto nested = [](size_t depth) {
      std::string text = "From: a@example.net\r\n";
      for (size_t i = 0; i < depth; ++i)
        text += "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\r\n\r\n--b" +
                std::to_string(i) + "\r\n";
      return text + "\r\nx\r\n";
    };
    EXPECT_FALSE(is_cut(nested(mime_depth_max)));
    EXPECT_TRUE(is_cut(nested(mime_depth_max + 1)));
    EXPECT_TRUE(is_cut(nested(2000)));
    std::string fields = "From: a@example.net\r\n";
    for (int i = 0; i < 3000; ++i) fields += "X-A: b\r\n";
    EXPECT_TRUE(is_cut(fields + "\r\nx\r\n"));
  }
}

TEST(Mime, says_which_text_is_not_whole) {
  const std::string line = std::string(900, 'y') + "\r\n";
  std::string text;
  while (text.size() <= mime_text_octets_max) text += line;
  const std::string header = "From: a@example.net\r\nContent-Type: text/html\r\n\r\n";
  for (ReadFor whom : {ReadFor::people, ReadFor::reports}) {
    const MimeMessage message = read_mime(header + text, whom);
    ASSERT_EQ(message.parts.size(), 1u);
    EXPECT_TRUE(message.parts[0].cut);
    EXPECT_LT(message.parts[0].content.size(), mime_text_octets_max);
    EXPECT_FALSE(message.cut);
    text.resize(mime_text_octets_max);
    EXPECT_FALSE(read_mime(header + text, whom).parts[0].cut);
    EXPECT_FALSE(read_mime(text, whom).parts[0].cut);
    text += line;
    EXPECT_TRUE(read_mime(text, whom).parts[0].cut);
  }
}

TEST(Mime, makes_text_of_html) {
  EXPECT_EQ(text_of_html("<style>x</style><p>To <b>ann&#64;example.net</b><br>550&nbsp;no"),
            "To ann@example.net\n550 no");
  EXPECT_EQ(text_of_html("a <ann@example.net> b"), "a <ann@example.net> b");
}

}  // namespace
}  // namespace waypost::message
