#include <gtest/gtest.h>

#include "bounces/incoming.h"
#include "bounces/notice_file.h"
#include "bounces/shipped_notice_files.h"

namespace waypost::bounces {
namespace {

TEST(ShippedNotices, are_read_without_complaint) {
  const NoticeFiles files = read_notice_files(shipped_notice_files());
  for (const toml::Diagnostic& diagnostic : files.diagnostics)
    ADD_FAILURE() << toml::render(diagnostic, shipped_notice_files(), false);
  EXPECT_GT(files.rules.size(), 30u);
  EXPECT_GT(files.returned.size(), 10u);
}

TEST(ShippedNotices, read_their_own_examples) {
  for (const NoticeBook::Style& style : shipped_notices().styles()) {
    const NoticeRule& rule = style.rule;
    SCOPED_TRACE(rule.file + ": " + rule.id);
    const Incoming read = read_incoming(rule.example);
    EXPECT_EQ(read.kind, Kind::bounce);
    EXPECT_EQ(read.rule, rule.id);
    ASSERT_EQ(read.recipients.size(), rule.expect.size());
    for (size_t i = 0; i < rule.expect.size(); ++i) {
      const Recipient& recipient = read.recipients[i];
      const ExpectedRecipient& expected = rule.expect[i];
      EXPECT_EQ(recipient.address, expected.address);
      EXPECT_EQ(message::name(recipient.action), expected.action);
      EXPECT_EQ(recipient.status, expected.status);
      if (!expected.reply.empty()) {
        EXPECT_EQ(recipient.reply, expected.reply);
      }
      if (!expected.remote_mta.empty()) {
        EXPECT_EQ(recipient.remote_mta, expected.remote_mta);
      }
    }
  }
}

}  // namespace
}  // namespace waypost::bounces
