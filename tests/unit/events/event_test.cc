#include "events/event.h"

#include <gtest/gtest.h>

namespace waypost::events {
namespace {

using namespace std::chrono_literals;

WallTime at(std::string_view text) { return base::parse_rfc3339(text).value(); }

Event full_event() {
  Event event;
  event.kind = EventKind::deferred;
  event.at = at("2026-11-21T09:08:07.123456Z");
  event.message = MessageId::parse("019aa5b1-2c43-7abc-8def-0123456789ab").value();
  event.tenant = "shop";
  event.stream = "bulk";
  event.tags = {"welcome", "de"};
  event.metadata = {{"order", "1234"}, {"a\"b", "c\\d"}};
  event.sender = "app@example.com";
  event.recipients = {"ann@example.net", "bob@example.net"};
  event.login = "key-1";
  event.client = "192.0.2.7";
  event.message_id = "<m1@example.com>";
  event.subject = "Gr\u00fc\u00dfe \"x\"";
  event.size_octets = 10240;
  event.inbound = true;
  event.signed_by = "example.com";
  event.signing_trouble = "not by its From domain";
  event.session = "s1";
  event.transaction = 3;
  event.attempt = 2;
  event.site = "mx.example.net";
  event.peer = {"mx1.example.net", "192.0.2.1:25", "TLSv1.3 TLS_AES_256_GCM_SHA384",
                "valid",           "out1",         "192.0.2.10"};
  event.phase = Phase::rcpt;
  event.reply = "450 4.2.1 Try again later";
  event.next_attempt_at = at("2026-11-21T09:23:07.000000Z");
  event.took = 1234567us;
  event.steps = {{Phase::connect, 200ms}, {Phase::rcpt, 1500us}};
  event.since_accepted = 300s;
  return event;
}

constexpr std::string_view full_line =
    R"({"v":1,"event":"deferred","at":"2026-11-21T09:08:07.123456Z",)"
    R"("id":"019aa5b1-2c43-7abc-8def-0123456789ab","tenant":"shop","stream":"bulk",)"
    R"("tags":["welcome","de"],"metadata":{"a\"b":"c\\d","order":"1234"},)"
    R"("sender":"app@example.com","recipients":["ann@example.net","bob@example.net"],)"
    R"("login":"key-1","client":"192.0.2.7","message_id":"<m1@example.com>",)"
    R"("subject":"Grüße \"x\"","size":10240,)"
    R"("inbound":true,"signed_by":"example.com","signing_trouble":"not by its From domain",)"
    R"("session":"s1","transaction":3,)"
    R"("attempt":2,"site":"mx.example.net","host":"mx1.example.net","address":"192.0.2.1:25",)"
    R"("tls":"TLSv1.3 TLS_AES_256_GCM_SHA384","certificate":"valid",)"
    R"("source":"out1","source_address":"192.0.2.10","phase":"rcpt",)"
    R"("reply":"450 4.2.1 Try again later",)"
    R"("next_attempt_at":"2026-11-21T09:23:07.000000Z","took_ms":1234.567,)"
    R"("steps_ms":{"connect":200,"rcpt":1.5},)"
    R"("since_accepted_ms":300000})";

void expect_same(const Event& a, const Event& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.at, b.at);
  EXPECT_EQ(a.message, b.message);
  EXPECT_EQ(a.tenant, b.tenant);
  EXPECT_EQ(a.stream, b.stream);
  EXPECT_EQ(a.tags, b.tags);
  EXPECT_EQ(a.metadata, b.metadata);
  EXPECT_EQ(a.sender, b.sender);
  EXPECT_EQ(a.recipients, b.recipients);
  EXPECT_EQ(a.login, b.login);
  EXPECT_EQ(a.client, b.client);
  EXPECT_EQ(a.message_id, b.message_id);
  EXPECT_EQ(a.subject, b.subject);
  EXPECT_EQ(a.size_octets, b.size_octets);
  EXPECT_EQ(a.inbound, b.inbound);
  EXPECT_EQ(a.signed_by, b.signed_by);
  EXPECT_EQ(a.signing_trouble, b.signing_trouble);
  EXPECT_EQ(a.session, b.session);
  EXPECT_EQ(a.transaction, b.transaction);
  EXPECT_EQ(a.attempt, b.attempt);
  EXPECT_EQ(a.site, b.site);
  EXPECT_EQ(a.peer.host, b.peer.host);
  EXPECT_EQ(a.peer.address, b.peer.address);
  EXPECT_EQ(a.peer.tls, b.peer.tls);
  EXPECT_EQ(a.peer.certificate, b.peer.certificate);
  EXPECT_EQ(a.peer.source, b.peer.source);
  EXPECT_EQ(a.peer.source_address, b.peer.source_address);
  EXPECT_EQ(a.steps, b.steps);
  EXPECT_EQ(a.phase, b.phase);
  EXPECT_EQ(a.reply, b.reply);
  EXPECT_EQ(a.next_attempt_at, b.next_attempt_at);
  EXPECT_EQ(a.took, b.took);
  EXPECT_EQ(a.since_accepted, b.since_accepted);
  EXPECT_EQ(a.port_switch, b.port_switch);
}

std::string with_field(std::string_view field) {
  return R"({"v":1,"event":"bounced","at":"2026-11-21T09:08:07Z","sender":"",)" +
         std::string(field) + "}";
}

TEST(Event, writes_all_its_fields_in_the_documented_order) {
  EXPECT_EQ(to_json_line(full_event()), full_line);
}

TEST(Event, reads_all_its_fields) {
  Result<Event> read = parse_json_line(full_line);
  ASSERT_TRUE(read) << read.error().describe();
  expect_same(*read, full_event());
}

TEST(Event, leaves_out_what_does_not_apply_but_the_null_sender) {
  Event event;
  event.kind = EventKind::accepted;
  event.at = at("2026-11-21T09:08:07Z");
  std::string line = to_json_line(event);
  EXPECT_EQ(line, R"({"v":1,"event":"accepted","at":"2026-11-21T09:08:07.000000Z","sender":""})");
  Result<Event> read = parse_json_line(line);
  ASSERT_TRUE(read);
  expect_same(*read, event);
}

TEST(Event, tells_by_which_port_a_route_goes) {
  Event event;
  event.kind = EventKind::port_switched;
  event.at = at("2026-11-21T09:08:07Z");
  event.peer.host = "smtp.example";
  event.reply = "port 587: refused";
  event.port_switch = {"upstream", 587, 465};
  std::string line = to_json_line(event);
  EXPECT_EQ(line,
            R"({"v":1,"event":"port_switched","at":"2026-11-21T09:08:07.000000Z","sender":"",)"
            R"("host":"smtp.example","reply":"port 587: refused","route":"upstream",)"
            R"("port_from":587,"port_to":465})");
  Result<Event> read = parse_json_line(line);
  ASSERT_TRUE(read);
  expect_same(*read, event);
  EXPECT_FALSE(is_about_mail(read->kind));
}

TEST(Event, tells_what_is_broken_at_a_site) {
  Event event;
  event.kind = EventKind::diagnosed;
  event.at = at("2026-11-21T09:08:07Z");
  event.site = "mx.example.net";
  event.reply = "nothing listens on this port";
  event.cause.rule = "M2001";
  event.cause.remedy = "use another port";
  const std::string line = to_json_line(event);
  EXPECT_EQ(line,
            R"({"v":1,"event":"diagnosed","at":"2026-11-21T09:08:07.000000Z","sender":"",)"
            R"("site":"mx.example.net","reply":"nothing listens on this port","rule":"M2001",)"
            R"("remedy":"use another port"})");
  Result<Event> read = parse_json_line(line);
  ASSERT_TRUE(read);
  expect_same(*read, event);
  EXPECT_FALSE(is_about_mail(read->kind));
}

TEST(Event, refuses_a_port_that_is_none) {
  EXPECT_FALSE(parse_json_line(with_field(R"("port_to":65536)")));
  EXPECT_FALSE(parse_json_line(with_field(R"("port_from":"587")")));
}

TEST(Event, round_trips_every_kind_and_phase) {
  for (int kind = 0; kind <= static_cast<int>(EventKind::diagnosed); ++kind) {
    for (int phase = 0; phase <= static_cast<int>(Phase::content); ++phase) {
      Event event = full_event();
      event.kind = static_cast<EventKind>(kind);
      event.phase = static_cast<Phase>(phase);
      Result<Event> read = parse_json_line(to_json_line(event));
      ASSERT_TRUE(read);
      expect_same(*read, event);
    }
  }
}

TEST(Event, round_trips_durations_to_the_microsecond) {
  for (int64_t microseconds : {0, 1, 10, 999, 1000, 1001, 1010, 4350, 1234567, 432000000}) {
    Event event = full_event();
    event.took = std::chrono::microseconds(microseconds);
    Result<Event> read = parse_json_line(to_json_line(event));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->took, event.took) << microseconds;
  }
}

TEST(Event, replaces_octets_that_are_not_utf8) {
  Event event = full_event();
  event.reply = "550 caf\xe9 \xc0\xaf";
  Result<Event> read = parse_json_line(to_json_line(event));
  ASSERT_TRUE(read) << read.error().describe();
  EXPECT_EQ(read->reply, "550 caf\uFFFD \uFFFD\uFFFD");
  event.reply = "550 café";
  EXPECT_EQ(parse_json_line(to_json_line(event))->reply, event.reply);
}

TEST(Event, stays_on_one_line_whatever_a_peer_said) {
  Event event = full_event();
  for (int c = 0; c < 0x80; ++c) event.reply += static_cast<char>(c);
  event.reply += "\",\"event\":\"delivered\"}\n{\"v\":1";
  std::string line = to_json_line(event);
  EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos);
  for (char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
  Result<Event> read = parse_json_line(line);
  ASSERT_TRUE(read) << read.error().describe();
  expect_same(*read, event);
}

TEST(Event, ignores_fields_that_it_does_not_know) {
  Result<Event> read = parse_json_line(with_field(R"("colour":{"of":["money",1,null]},"size":7)"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->size_octets, 7u);
}

TEST(Event, refuses_a_field_of_the_wrong_type) {
  for (std::string_view field :
       {R"("tenant":1)", R"("tags":"x")", R"("tags":[1])", R"("metadata":[])",
        R"("metadata":{"a":1})", R"("recipients":{})", R"("size":"7")", R"("size":-1)",
        R"("size":1.5)", R"("attempt":true)", R"("took_ms":"1")", R"("took_ms":-1)",
        R"("took_ms":1e300)", R"("id":"x")", R"("id":7)", R"("next_attempt_at":"soon")",
        R"("next_attempt_at":5)", R"("reply":null)", R"("phase":2)"}) {
    Result<Event> read = parse_json_line(with_field(field));
    ASSERT_FALSE(read) << field;
    EXPECT_EQ(read.error().code(), ErrorCode::corrupt) << field;
  }
}

TEST(Event, refuses_lines_that_are_no_events) {
  std::string deep(100000, '[');
  for (std::string_view line :
       {std::string_view(""), std::string_view("null"), std::string_view("[]"),
        std::string_view("{}"), std::string_view("{\"v\":1}"), std::string_view("\0\0\0", 3),
        std::string_view(deep), full_line.substr(0, full_line.size() - 1),
        std::string_view(R"({"v":2,"event":"accepted","at":"2026-11-21T09:08:07Z"})"),
        std::string_view(R"({"v":1,"event":"exploded","at":"2026-11-21T09:08:07Z"})"),
        std::string_view(R"({"v":1,"event":"accepted","at":"yesterday"})"),
        std::string_view(R"({"v":1,"event":"accepted"})")}) {
    Result<Event> read = parse_json_line(line);
    ASSERT_FALSE(read) << line.substr(0, 80);
    EXPECT_EQ(read.error().code(), ErrorCode::corrupt) << line.substr(0, 80);
  }
}

TEST(EventKind, has_a_name_that_parses_back) {
  for (int i = 0; i <= static_cast<int>(EventKind::cancelled); ++i) {
    auto kind = static_cast<EventKind>(i);
    EXPECT_EQ(parse_event_kind(name(kind)).value(), kind);
  }
  EXPECT_FALSE(parse_event_kind("Accepted"));
}

}  // namespace
}  // namespace waypost::events
