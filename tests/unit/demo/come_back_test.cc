#include "demo/come_back.h"

#include <gtest/gtest.h>

#include "message/feedback_report.h"
#include "message/mime.h"

namespace waypost::demo {
namespace {

ComeBack back(ComeBack::Kind kind) {
  return {kind,
          &personas().front(),
          "anna@gmail.test",
          "x1@bounces.shop.test",
          "From: Shop <hello@shop.test>\r\nMessage-ID: <1@shop.test>\r\n\r\n",
          smtp::reply(550, {5, 1, 1}, "No such user")};
}

TEST(ComeBack, a_complaint_is_read_as_one) {
  const std::string text = text_of(back(ComeBack::Kind::complaint), "abuse@bounces.shop.test", {});
  const auto parsed = message::read_mime(text);
  const auto report = message::feedback_report_of(parsed);
  ASSERT_TRUE(report) << text;
  EXPECT_EQ(report->type, "abuse");
  EXPECT_EQ(report->recipients, std::vector<std::string>{"anna@gmail.test"});
  EXPECT_EQ(report->mail_from, "x1@bounces.shop.test");
  EXPECT_EQ(report->message_id, "<1@shop.test>");
}

TEST(ComeBack, a_bounce_names_the_recipient_and_the_reply) {
  const std::string text = text_of(back(ComeBack::Kind::bounce), "", {});
  EXPECT_NE(text.find("To: <x1@bounces.shop.test>"), std::string::npos) << text;
  EXPECT_NE(text.find("Final-Recipient: rfc822;anna@gmail.test"), std::string::npos) << text;
  EXPECT_NE(text.find("550 5.1.1 No such user"), std::string::npos) << text;
  EXPECT_NE(text.find("Message-ID: <1@shop.test>"), std::string::npos) << text;
}

}  // namespace
}  // namespace waypost::demo
