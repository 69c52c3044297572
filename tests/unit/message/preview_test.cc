#include "message/preview.h"

#include <gtest/gtest.h>

namespace waypost::message {
namespace {

// A picture of three octets, "abc", beside text and HTML; a file, and a message with another file.
const char* const whole =
    "From: a@example.net\r\nSubject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n"
    "Content-Type: multipart/mixed; boundary=m\r\n\r\n"
    "--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n"
    "--a\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\nna=EFve\r\n"
    "--a\r\nContent-Type: text/html; charset=windows-1251\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    "<p>=CF<img src=3D\"cid:one%40x\"></p>\r\n--a--\r\n"
    "--m\r\nContent-Type: image/png\r\nContent-ID: <one@x>\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nYWJj\r\n"
    "--m\r\nContent-Type: application/pdf; name=\"bill.pdf\"\r\n"
    "Content-Disposition: attachment; filename=\"bill.pdf\"\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQ=\r\n"
    "--m\r\nContent-Type: message/rfc822\r\n\r\n"
    "From: b@example.net\r\nContent-Type: text/html\r\n\r\n<p>inner\r\n--m--\r\n";

MimeMessage with_picture(const char* type = "image/png") {
  MimeMessage message;
  MimePart part;
  part.type = type;
  part.content_id = "one@x";
  part.content = "abc";
  message.parts.push_back(std::move(part));
  return message;
}

TEST(Preview, finds_what_is_shown_and_what_is_kept_as_a_file) {
  const MimeMessage message = read_mime(whole, ReadFor::people);
  const ShownParts shown = shown_parts(message);
  ASSERT_NE(shown.text, nullptr);
  EXPECT_EQ(shown.text->content, "na\xC3\xAFve");
  ASSERT_NE(shown.html, nullptr);
  EXPECT_EQ(html_preview(message, shown.html->content),
            "<p>\xD0\x9F<img src=\"data:image/png;base64,YWJj\"></p>");
  const auto attachments = attachments_of(message);
  ASSERT_EQ(attachments.size(), 3u);
  EXPECT_EQ(attachments[0]->content_id, "one@x");
  EXPECT_EQ(attachments[0]->octets, 3u);
  EXPECT_EQ(attachments[1]->file, "bill.pdf");
  EXPECT_EQ(attachments[1]->octets, 8u);
  EXPECT_TRUE(attachments[1]->attached);
  EXPECT_TRUE(attachments[1]->content.empty());
  EXPECT_EQ(attachments[2]->type, "message/rfc822");
}

TEST(Preview, takes_a_text_that_is_a_file_for_a_file) {
  const MimeMessage message = read_mime(
      "From: a@example.net\nContent-Type: text/html\nContent-Disposition: attachment\n\n<p>hello",
      ReadFor::people);
  EXPECT_EQ(shown_parts(message).html, nullptr);
  EXPECT_EQ(attachments_of(message).size(), 1u);
}

TEST(Preview, shows_no_octets_of_what_is_no_text) {
  const MimeMessage message = read_mime(
      "From: a@example.net\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n"
      "JVBERi0xLjQ=\n",
      ReadFor::people);
  EXPECT_EQ(shown_parts(message).text, nullptr);
  ASSERT_EQ(message.parts.size(), 1u);
  EXPECT_EQ(message.parts[0].octets, 8u);
}

TEST(Preview, shows_pictures_in_every_place_that_names_one) {
  const MimeMessage message = with_picture();
  const std::string uri = "data:image/png;base64,YWJj";
  EXPECT_EQ(html_preview(message, "<img src=CID:one@x><td background='cid:one@x'>"),
            "<img src=" + uri + "><td background='" + uri + "'>");
  EXPECT_EQ(html_preview(message, "<p style=\"background:url(cid:one@x)\">"),
            "<p style=\"background:url(" + uri + ")\">");
}

TEST(Preview, leaves_what_names_no_picture) {
  for (const char* html :
       {"<img src=\"cid:two@x\">", "<p>cid:one@x</p>", "<img src=\"cid:", "cid:"})
    EXPECT_EQ(html_preview(with_picture(), html), html);
  for (const char* type : {"image/svg+xml", "text/html", "image/png\" onerror=\""}) {
    const char* html = "<img src=\"cid:one@x\">";
    EXPECT_EQ(html_preview(with_picture(type), html), html);
  }
}

TEST(Preview, repeats_a_picture_only_as_far_as_the_limit_goes) {
  MimeMessage message = with_picture();
  message.parts[0].content.assign(preview_pictures_octets_max / 4, 'x');
  std::string html;
  for (int i = 0; i < 100; ++i) html += "<img src=\"cid:one@x\">";
  const std::string document = html_preview(message, html);
  EXPECT_LT(document.size(), 2 * preview_pictures_octets_max);
  EXPECT_TRUE(document.ends_with("<img src=\"cid:one@x\">"));
}

TEST(Preview, takes_the_power_from_elements_that_connect_or_move_the_page) {
  const MimeMessage message;
  EXPECT_EQ(html_preview(message, "<LINK rel=preconnect src=//x><linked><link"),
            "<x-link rel=preconnect src=//x><linked><x-link");
  EXPECT_EQ(html_preview(message, "<meta\thttp-equiv=refresh><base/target=x></base>"),
            "<x-meta\thttp-equiv=refresh><x-base/target=x></base>");
  EXPECT_EQ(html_preview(message, "<IFrame src=x><frame><object data=x><embed>"),
            "<x-iframe src=x><x-frame><x-object data=x><x-embed>");
  EXPECT_EQ(html_preview(message, "<baseline><metal><frameset>"), "<baseline><metal><frameset>");
  // The reader has taken NUL out before; here it ends no name.
  EXPECT_EQ(html_preview(message, std::string_view("<link\0>", 7)),
            std::string_view("<x-link\0>", 9));
}

TEST(Preview, lets_links_lead_nowhere) {
  const MimeMessage message;
  EXPECT_EQ(html_preview(message, "<a href=\"http://x.example\">x</a><a title='>'HREF\n= x>"),
            "<a href=# x-href=\"http://x.example\">x</a><a title='>'href=# x-href\n= x>");
  EXPECT_EQ(html_preview(message, "<svg><a xlink:href=x>"), "<svg><a xlink:href=# x-href=x>");
  EXPECT_EQ(html_preview(message, "<p>href and hre"), "<p>href and hre");
}

TEST(Preview, lets_no_animation_give_a_link_its_address) {
  const MimeMessage message;
  EXPECT_EQ(html_preview(message, "<svg><a><set attributeName=href to=http://x.example /></a>"),
            "<svg><a><x-set attributeName=href to=http://x.example /></a>");
  EXPECT_EQ(html_preview(message, "<Animate><animateMotion><animateTransform><ANIMATECOLOR>"),
            "<x-animate><x-animatemotion><x-animatetransform><x-animatecolor>");
  EXPECT_EQ(html_preview(message, "<setting><animated>"), "<setting><animated>");
}

TEST(Preview, shows_text_as_text) {
  const std::string document =
      text_preview("<b>1 & 2</b>\n\tinvoice\xE2\x80\xAEgpj.exe\x1b[2J\xC2\x9B");
  EXPECT_NE(document.find("&lt;b>1 &amp; 2&lt;/b>\n\tinvoice\\u202egpj.exe\\x1b[2J\\u009b</pre>"),
            std::string::npos)
      << document;
}

}  // namespace
}  // namespace waypost::message
