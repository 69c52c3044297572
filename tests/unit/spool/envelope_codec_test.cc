#include "spool/envelope_codec.h"

#include <gtest/gtest.h>

#include "tests/unit/spool/samples.h"

namespace waypost::spool {
namespace {

Envelope full_envelope() {
  Envelope envelope = sample_envelope(1, 2, 2);
  envelope.tenant = "acme";
  envelope.stream = "bulk";
  envelope.tags = {"welcome", ""};
  envelope.metadata = {{"order", "4711"}, {"quote\"", "nul \0 and \xff"}};
  envelope.login = "app";
  envelope.message_id = "<1@example.com>";
  envelope.recipients[1] = {"postmaster", ""};
  envelope.recipients.push_back({"with space", "[192.0.2.1]"});
  envelope.body = smtp::BodyType::eight_bit_mime;
  envelope.size_octets = 123456789012;
  return envelope;
}

TEST(EnvelopeCodec, gives_back_every_field) {
  Envelope before = full_envelope();
  auto after = decode_envelope(before.id, encode(before).value());
  ASSERT_TRUE(after) << after.error().describe();
  EXPECT_EQ(after->id, before.id);
  EXPECT_EQ(after->accepted_at, before.accepted_at);
  EXPECT_EQ(after->expires_at, before.expires_at);
  EXPECT_EQ(after->tenant, before.tenant);
  EXPECT_EQ(after->stream, before.stream);
  EXPECT_EQ(after->tags, before.tags);
  EXPECT_EQ(after->metadata, before.metadata);
  EXPECT_EQ(after->login, before.login);
  EXPECT_EQ(after->client, before.client);
  EXPECT_EQ(after->message_id, before.message_id);
  EXPECT_EQ(after->sender, before.sender);
  EXPECT_EQ(after->recipients, before.recipients);
  EXPECT_EQ(after->body, before.body);
  EXPECT_EQ(after->smtputf8, before.smtputf8);
  EXPECT_EQ(after->dsn, before.dsn);
  EXPECT_EQ(after->recipient_dsn, before.recipient_dsn);
  EXPECT_EQ(after->inbound, before.inbound);
  EXPECT_EQ(after->session, before.session);
  EXPECT_EQ(after->transaction, before.transaction);
  EXPECT_EQ(after->size_octets, before.size_octets);
  EXPECT_EQ(after->chunks, before.chunks);
}

// Relays of before read it, too: they pass over it.
TEST(EnvelopeCodec, writes_a_deadline_only_where_there_is_one) {
  Envelope envelope = sample_envelope(1, 1);
  EXPECT_EQ(encode(envelope).value().find("deadline"), std::string::npos);
  EXPECT_FALSE(decode_envelope(envelope.id, encode(envelope).value())->has_deadline);
  envelope.has_deadline = true;
  EXPECT_TRUE(decode_envelope(envelope.id, encode(envelope).value())->has_deadline);
  std::string text = encode(envelope).value();
  text.replace(text.find("\"deadline\":true"), 15, "\"deadline\":1");
  EXPECT_EQ(decode_envelope(envelope.id, text).error().code(), ErrorCode::corrupt);
}

// A relay of before would send it at once: it must not read it.
TEST(EnvelopeCodec, writes_what_is_kept_back_as_version_3) {
  Envelope envelope = sample_envelope(1, 1);
  envelope.held_because = "not signed";
  const std::string text = encode(envelope).value();
  EXPECT_TRUE(text.starts_with("{\"v\":3,")) << text;
  EXPECT_EQ(decode_envelope(envelope.id, text)->held_because, "not signed");
  EXPECT_EQ(decode_envelope(envelope.id, R"({"v":3,)" + encode(sample_envelope(1, 1))->substr(7))
                .error()
                .code(),
            ErrorCode::corrupt);
}

// A relay of before would send it at once, too.
TEST(EnvelopeCodec, writes_what_has_a_time_to_wait_for_as_version_4) {
  Envelope envelope = sample_envelope(1, 1);
  envelope.not_before = envelope.accepted_at + std::chrono::hours(24);
  for (const char* held_because : {"", "not signed"}) {
    envelope.held_because = held_because;
    const std::string text = encode(envelope).value();
    EXPECT_TRUE(text.starts_with("{\"v\":4,")) << text;
    auto read = decode_envelope(envelope.id, text);
    ASSERT_TRUE(read) << read.error().describe();
    EXPECT_EQ(read->not_before, envelope.not_before);
    EXPECT_EQ(read->held_because, held_because);
    EXPECT_EQ(read->lifetime(), std::chrono::hours(96));
  }
  const std::string older = R"({"v":3,)" + encode(envelope)->substr(7);
  EXPECT_EQ(decode_envelope(envelope.id, older)->not_before, WallTime())
      << "it is not of version 3";
  const std::string without = R"({"v":4,)" + encode(sample_envelope(1, 1))->substr(7);
  EXPECT_EQ(decode_envelope(envelope.id, without).error().code(), ErrorCode::corrupt);
  envelope.not_before = envelope.expires_at + std::chrono::microseconds(1);
  EXPECT_EQ(encode(envelope).error().code(), ErrorCode::invalid_input);
}

TEST(EnvelopeCodec, writes_the_progress_of_what_a_person_rescheduled_as_version_3) {
  RecipientProgress progress;
  EXPECT_TRUE(encode(progress)->starts_with("{\"v\":2,"));
  progress.scheduled_at = WallTime(std::chrono::seconds(1'800'000'000));
  const std::string text = encode(progress).value();
  EXPECT_TRUE(text.starts_with("{\"v\":3,")) << text;
  EXPECT_TRUE(text.ends_with(",\"scheduled_at\":1800000000000000}")) << text;
  EXPECT_EQ(decode_progress(text)->scheduled_at, progress.scheduled_at);
  EXPECT_EQ(decode_progress(R"({"v":3,)" + encode(RecipientProgress())->substr(7)).error().code(),
            ErrorCode::corrupt);
  progress.scheduled_at = WallTime(std::chrono::microseconds(-1));
  EXPECT_EQ(encode(progress).error().code(), ErrorCode::invalid_input);
}

TEST(EnvelopeCodec, counts_the_life_of_a_message_from_the_latest_time_of_its_recipients) {
  StoredMessage stored;
  stored.envelope = sample_envelope(1, 1);
  stored.envelope.recipients.push_back(stored.envelope.recipients[0]);
  const WallTime accepted_at = stored.envelope.accepted_at;
  const WallTime expires_at = stored.envelope.expires_at;
  EXPECT_EQ(stored.expires_at(), expires_at);
  EXPECT_FALSE(stored.awaits_schedule(0));
  stored.envelope.not_before = accepted_at + std::chrono::hours(10);
  stored.envelope.expires_at += std::chrono::hours(10);
  EXPECT_EQ(stored.expires_at(), stored.envelope.expires_at);
  EXPECT_TRUE(stored.awaits_schedule(0));
  // A person's word is before the sender's.
  for (uint32_t i : {0u, 1u})
    stored.progress[i].scheduled_at = accepted_at + std::chrono::hours(1 + i);
  EXPECT_EQ(stored.scheduled_at(0), accepted_at + std::chrono::hours(1));
  EXPECT_EQ(stored.expires_at(), expires_at + std::chrono::hours(2));
  stored.progress[0].next_attempt_at = stored.progress[0].scheduled_at;
  EXPECT_TRUE(stored.awaits_schedule(0));
  EXPECT_FALSE(stored.awaits_schedule(1)) << "an attempt came between";
}

TEST(EnvelopeCodec, keeps_the_null_sender) {
  Envelope envelope = sample_envelope(1, 1);
  envelope.sender.reset();
  EXPECT_EQ(decode_envelope(envelope.id, encode(envelope).value())->sender, std::nullopt);
}

// What is on disks already: a change here is a new version.
TEST(EnvelopeCodec, writes_version_2_in_this_form) {
  Envelope envelope = sample_envelope(1, 2);
  envelope.tags = {"welcome"};
  envelope.metadata = {{"order", "4711"}};
  envelope.dsn = {smtp::ReturnContent::headers, "QQ 314"};
  envelope.recipient_dsn[0] = {{.success = true, .delay = true}, "rfc822;user@example.org"};
  envelope.session = "s1";
  envelope.transaction = 2;
  EXPECT_EQ(encode(envelope).value(),
            R"({"v":2,"accepted_at":1800000000001000,"expires_at":1800432000001000,)"
            R"("tenant":"default","stream":"default","tags":["welcome"],)"
            R"("metadata":{"order":"4711"},"login":"","client":"192.0.2.7:50122",)"
            R"("message_id":"","sender":"sender@example.com",)"
            R"("recipients":["user0@example.net"],"body":"7bit","smtputf8":false,)"
            R"("dsn_return":"headers","dsn_envelope_id":"QQ 314","dsn_recipients":[)"
            R"({"recipient":0,"never":false,"success":true,"failure":false,"delay":true,)"
            R"("original":"rfc822;user@example.org"}],)"
            R"("inbound":false,"session":"s1","transaction":2,"size_octets":0,"chunks":2})");
  RecipientProgress progress{
      false, 3, WallTime(std::chrono::seconds(1)), "451 4.7.1 later", "mx", true, false};
  EXPECT_EQ(encode(progress).value(),
            R"({"v":2,"settled":false,"attempts":3,"next_attempt_at":1000000,)"
            R"("last_reply":"451 4.7.1 later","last_host":"mx","held":true,)"
            R"("delay_notified":false})");
}

TEST(EnvelopeCodec, reads_version_1) {
  auto envelope = decode_envelope(
      sample_id(1), R"({"v":1,"accepted_at":1800000000001000,"expires_at":1800432000001000,)"
                    R"("tenant":"default","stream":"default","tags":[],"metadata":{},"login":"",)"
                    R"("client":"192.0.2.7:50122","message_id":"","sender":null,)"
                    R"("recipients":["user0@example.net"],"body":"7bit","size_octets":0,)"
                    R"("chunks":2})");
  ASSERT_TRUE(envelope) << envelope.error().describe();
  EXPECT_FALSE(envelope->dsn.returns == smtp::ReturnContent::full || envelope->smtputf8);
  auto progress =
      decode_progress(R"({"v":1,"settled":false,"attempts":3,"next_attempt_at":1000000,)"
                      R"("last_reply":"451 4.7.1 later","last_host":"mx"})");
  ASSERT_TRUE(progress) << progress.error().describe();
  EXPECT_FALSE(progress->held || progress->delay_notified);
}

TEST(EnvelopeCodec, refuses_dsn_parameters_of_a_recipient_that_does_not_exist) {
  Envelope envelope = sample_envelope(1, 1);
  envelope.recipient_dsn[1].notify.never = true;
  EXPECT_EQ(encode(envelope).error().code(), ErrorCode::invalid_input);
}

TEST(EnvelopeCodec, passes_over_fields_of_a_later_release) {
  std::string text = encode(sample_envelope(1, 1)).value();
  text.insert(1, R"("later":{"a":[1,2]},)");
  EXPECT_TRUE(decode_envelope(sample_id(1), text));
}

TEST(EnvelopeCodec, refuses_a_newer_version_and_says_so) {
  auto envelope = decode_envelope(sample_id(1), R"({"v":5})");
  ASSERT_FALSE(envelope);
  EXPECT_EQ(envelope.error().code(), ErrorCode::unavailable);
  EXPECT_NE(envelope.error().message().find("newer"), std::string::npos);
  EXPECT_EQ(decode_progress(R"({"v":4})").error().code(), ErrorCode::unavailable);
}

std::string with(std::string_view from, std::string_view to) {
  std::string text = encode(sample_envelope(1, 1)).value();
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(EnvelopeCodec, names_the_field_that_is_damaged) {
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "JSON"},
      {"[]", "object"},
      {"{}", "\"v\""},
      {R"({"v":"1"})", "\"v\""},
      {R"({"v":0})", "\"v\""},
      {std::string(100, '['), "JSON"},
      {with("1800000000001000", "-1"), "\"accepted_at\""},
      {with("1800000000001000", "1.5"), "\"accepted_at\""},
      {with("1800000000001000", "253402300800000000"), "\"accepted_at\""},
      {with("1800432000001000", "18446744073709551615"), "\"expires_at\""},
      {with("\"tags\":[]", "\"tags\":[1]"), "\"tags\""},
      {with("\"tags\":[]", "\"tags\":{}"), "\"tags\""},
      {with("\"metadata\":{}", "\"metadata\":{\"a\":null}"), "\"metadata\""},
      {with("sender@example.com", "sender"), "\"sender\""},
      {with("user0@example.net", "a@b\\r\\nRCPT TO:<c@d>"), "\"recipients\""},
      {with("\"user0@example.net\"", ""), "\"recipients\""},
      {with("7bit", "binary"), "\"body\""},
      {with("\"chunks\":1", "\"chunks\":4294967296"), "\"chunks\""},
      {with("\"chunks\":1", "\"pieces\":1"), "\"chunks\""},
      {with("\"login\":\"\"", "\"login\":null"), "\"login\""},
  };
  for (const auto& [text, named] : cases) {
    auto envelope = decode_envelope(sample_id(1), text);
    ASSERT_FALSE(envelope) << text;
    EXPECT_EQ(envelope.error().code(), ErrorCode::corrupt) << text;
    EXPECT_NE(envelope.error().message().find(named), std::string::npos)
        << envelope.error().message() << " for " << text;
  }
}

TEST(EnvelopeCodec, takes_every_cut_and_every_changed_octet) {
  const std::string text = encode(full_envelope()).value();
  for (size_t length = 0; length < text.size(); ++length)
    EXPECT_FALSE(decode_envelope(sample_id(1), text.substr(0, length)));
  for (size_t at = 0; at < text.size(); ++at)
    for (char octet : {'\0', '"', '9', '\xff', '{'}) {
      std::string changed = text;
      changed[at] = octet;
      auto envelope = decode_envelope(sample_id(1), changed);
      EXPECT_TRUE(!envelope || encode(*envelope)) << changed;
    }
}

TEST(EnvelopeCodec, limits_what_it_reads_and_writes) {
  Envelope envelope = sample_envelope(1, 1);
  envelope.tags = {std::string(envelope_octets_max, 'x')};
  EXPECT_EQ(encode(envelope).error().code(), ErrorCode::invalid_input);
  EXPECT_EQ(decode_envelope(sample_id(1), std::string(envelope_octets_max + 1, ' ')).error().code(),
            ErrorCode::corrupt);
  envelope = sample_envelope(1, 1);
  envelope.recipients.clear();
  EXPECT_FALSE(encode(envelope));
  envelope = sample_envelope(1, 1);
  envelope.expires_at = WallTime(std::chrono::microseconds(-1));
  EXPECT_FALSE(encode(envelope));
}

TEST(ProgressCodec, gives_back_every_field) {
  RecipientProgress before{true, 7, WallTime(std::chrono::seconds(9)), "550 no\r\n\x01\xfe",
                           "mx.a"};
  auto after = decode_progress(encode(before).value());
  ASSERT_TRUE(after) << after.error().describe();
  EXPECT_EQ(after->settled, before.settled);
  EXPECT_EQ(after->attempts, before.attempts);
  EXPECT_EQ(after->next_attempt_at, before.next_attempt_at);
  EXPECT_EQ(after->last_reply, before.last_reply);
  EXPECT_EQ(after->last_host, before.last_host);
}

TEST(ProgressCodec, names_the_field_that_is_damaged) {
  auto progress = decode_progress(R"({"v":1,"settled":1})");
  ASSERT_FALSE(progress);
  EXPECT_EQ(progress.error().code(), ErrorCode::corrupt);
  EXPECT_NE(progress.error().message().find("\"settled\""), std::string::npos);
}

}  // namespace
}  // namespace waypost::spool
