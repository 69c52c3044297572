#include "queue/packed_envelope.h"

#include <gtest/gtest.h>

#include "spool/envelope_codec.h"

namespace waypost::queue {
namespace {

using namespace std::chrono_literals;

spool::Envelope plain() {
  spool::Envelope envelope;
  envelope.id = MessageId::make(WallTime(1'795'000'000s), std::array<uint8_t, 10>{1, 2, 3});
  envelope.accepted_at = WallTime(1'795'000'000s);
  envelope.expires_at = envelope.accepted_at + 5 * 24h;
  envelope.client = "192.0.2.7:50122";
  envelope.message_id = "<0123456789abcdef.20261121@shop.example>";
  envelope.sender = smtp::Mailbox{"receipts", "shop.example"};
  envelope.recipients = {{"ann", "example.net"}};
  envelope.session = "6c34zkaxrr800";
  envelope.transaction = 1;
  envelope.size_octets = 10'240;
  envelope.chunks = 1;
  return envelope;
}

spool::Envelope with_all_there_is() {
  spool::Envelope envelope = plain();
  envelope.has_deadline = true;
  envelope.not_before = envelope.accepted_at + 24h;
  envelope.tenant = "acme";
  envelope.stream = "bulk";
  envelope.tags = {"welcome", ""};
  envelope.metadata = {{"order", "4711"}, {"quote\"", std::string("nul \0 and \xff", 11)}};
  envelope.login = "app";
  envelope.sender.reset();
  envelope.recipients.push_back({"with space", "[192.0.2.1]"});
  envelope.recipients.push_back({"postmaster", ""});
  envelope.body = smtp::BodyType::eight_bit_mime;
  envelope.smtputf8 = true;
  envelope.dsn = {smtp::ReturnContent::headers, "QQ314159"};
  envelope.recipient_dsn[1] = {{false, true, true, true}, "rfc822;ann@example.net"};
  envelope.recipient_dsn[2] = {{true, false, false, false}, ""};
  envelope.inbound = true;
  envelope.held_because = "not signed";
  envelope.size_octets = 123456789012;
  envelope.chunks = 4'000'000'000;
  return envelope;
}

TEST(PackedEnvelope, gives_back_every_field) {
  for (const spool::Envelope& envelope : {plain(), with_all_there_is()}) {
    spool::Envelope again = PackedEnvelope(envelope).unpack(envelope.id);
    EXPECT_EQ(again.id, envelope.id);
    EXPECT_EQ(spool::encode(again).value(), spool::encode(envelope).value());
  }
}

TEST(PackedEnvelope, is_small) { EXPECT_LE(PackedEnvelope(plain()).size_octets(), 200u); }

}  // namespace
}  // namespace waypost::queue
