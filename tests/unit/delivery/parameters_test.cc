#include "delivery/parameters.h"

#include <gtest/gtest.h>

namespace waypost::delivery {
namespace {

TEST(Parameters, a_domain_beyond_ascii_goes_as_a_labels_to_who_lacks_smtputf8) {
  smtp::Mailbox mailbox{"ann", "b\u00fccher.test"};
  EXPECT_EQ(address_for(mailbox, {}), "ann@xn--bcher-kva.test");
  smtp::Capabilities modern;
  modern.smtputf8 = true;
  EXPECT_EQ(address_for(mailbox, modern), "ann@b\u00fccher.test");
  EXPECT_FALSE(address_for({"j\u00f6rg", "x.test"}, {}));
  EXPECT_FALSE(address_for({"ann", "\xff.test"}, {}));
}

TEST(Parameters, the_null_sender_stays_null) {
  EXPECT_EQ(mail_command({}, {}, {}), "MAIL FROM:<>\r\n");
}

TEST(Parameters, an_original_recipient_beyond_ascii_is_spelled_for_the_host) {
  spool::Envelope envelope;
  envelope.recipients = {{"ann", "x.test"}};
  envelope.recipient_dsn[0] = {{true, false, false, false}, "utf-8;j\u00f6rg@x.test"};
  smtp::Capabilities host;
  host.dsn = true;
  EXPECT_EQ(rcpt_command(envelope, 0, host),
            "RCPT TO:<ann@x.test> NOTIFY=NEVER ORCPT=utf-8;j\\x{F6}rg@x.test\r\n");
  host.smtputf8 = true;
  envelope.smtputf8 = true;
  EXPECT_EQ(rcpt_command(envelope, 0, host),
            "RCPT TO:<ann@x.test> NOTIFY=NEVER ORCPT=utf-8;j\u00f6rg@x.test\r\n");
}

}  // namespace
}  // namespace waypost::delivery
