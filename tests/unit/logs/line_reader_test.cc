#include "logs/line_reader.h"

#include <gtest/gtest.h>

#include "logs/log_source.h"
#include "logs/summary.h"

namespace waypost::logs {
namespace {

struct Line {
  const char* text;
  Fate fate;
  const char* time;
  const char* recipient;
  const char* host;
  const char* reply;
};

constexpr Line lines[] = {
    {"Nov 22 03:04:05 mx postfix/smtp[17]: 4F9K2: to=<ann@example.net>, orig_to=<a@b>, "
     "relay=mx.example.net[192.0.2.1]:25, delay=1.2, delays=0/0/1/0, dsn=5.1.1, status=bounced "
     "(host mx.example.net[192.0.2.1] said: 550 5.1.1 No such user (in reply to RCPT TO command))",
     Fate::bounced, "Nov 22 03:04:05", "ann@example.net", "mx.example.net",
     "host mx.example.net[192.0.2.1] said: 550 5.1.1 No such user (in reply to RCPT TO command)"},
    {"2026-11-22T03:04:05.678901+01:00 mx postfix/smtp[17]: 4F9K2: to=<ann@example.net>, "
     "relay=none, delay=30, delays=0/0/30/0, dsn=4.4.1, status=deferred (connect to "
     "mx.example.net[192.0.2.1]:25: Connection timed out)",
     Fate::deferred, "2026-11-22T03:04:05.678901+01:00", "ann@example.net", "",
     "connect to mx.example.net[192.0.2.1]:25: Connection timed out"},
    {"Nov  2 03:04:05 mx postfix/smtp[17]: 4F9K2: to=<ann@example.net>, "
     "relay=mx.example.net[192.0.2.1]:25, dsn=2.0.0, status=sent (250 2.0.0 Ok)",
     Fate::delivered, "Nov  2 03:04:05", "ann@example.net", "mx.example.net", "250 2.0.0 Ok"},
    {"2026-11-22 03:04:05 1P1ce6-000Egt-GZ ** ann@example.net R=dnslookup T=remote_smtp "
     "H=mx.example.net [192.0.2.1]: SMTP error from remote mail server after RCPT "
     "TO:<ann@example.net>: 550 5.1.1 No such user",
     Fate::bounced, "2026-11-22 03:04:05", "ann@example.net", "mx.example.net",
     "SMTP error from remote mail server after RCPT TO:<ann@example.net>: 550 5.1.1 No such user"},
    {"2026-11-22 03:04:05 1P1ce6-000Egt-GZ == ann@example.net R=dnslookup T=remote_smtp defer "
     "(111): Connection refused",
     Fate::deferred, "2026-11-22 03:04:05", "ann@example.net", "",
     "defer (111): Connection refused"},
    {"2026-11-22 03:04:05 1P1ce6-000Egt-GZ => ann <ann@example.net> R=dnslookup "
     "T=remote_smtp H=mx.example.net [192.0.2.1] C=\"250 Ok\"",
     Fate::delivered, "2026-11-22 03:04:05", "ann@example.net", "mx.example.net", ""},
    {"Nov 22 03:04:05 mx sendmail[17]: u1A2B3: to=<ann@example.net>, delay=00:00:01, "
     "mailer=esmtp, pri=1, relay=mx.example.net. [192.0.2.1], dsn=5.1.1, stat=User unknown",
     Fate::bounced, "Nov 22 03:04:05", "ann@example.net", "mx.example.net", "User unknown"},
    {"Nov 22 03:04:05 mx sm-mta[17]: u1A2B3: to=<ann@example.net>, relay=mx.example.net. "
     "[192.0.2.1], dsn=4.0.0, stat=Deferred: 421 4.7.0 Try again later",
     Fate::deferred, "Nov 22 03:04:05", "ann@example.net", "mx.example.net",
     "Deferred: 421 4.7.0 Try again later"},
    {"Nov 22 03:04:05 mx smtpd[17]: a1b2 mta delivery evpid=1 from=<bob@example.org> "
     "to=<ann@example.net> rcpt=<-> source=\"192.0.2.9\" relay=\"192.0.2.1 (mx.example.net)\" "
     "delay=1s result=\"PermFail\" stat=\"550 5.1.1 No such user\"",
     Fate::bounced, "Nov 22 03:04:05", "ann@example.net", "mx.example.net",
     "550 5.1.1 No such user"},
    {"{\"v\":1,\"event\":\"deferred\",\"at\":\"2026-11-22T03:04:05.000000Z\",\"recipients\":"
     "[\"ann@example.net\"],\"host\":\"mx.example.net\",\"reply\":\"421 later\"}",
     Fate::deferred, "2026-11-22T03:04:05.000000Z", "ann@example.net", "mx.example.net",
     "421 later"},
    {"[{\"event\":\"bounce\",\"email\":\"ann@example.net\",\"timestamp\":1700000000,"
     "\"reason\":\"550 5.1.1 no\"},{\"event\":\"open\",\"email\":\"x@y\"}]",
     Fate::bounced, "2023-11-14T22:13:20.000000Z", "ann@example.net", "", "550 5.1.1 no"},
    {"{\"event-data\":{\"event\":\"failed\",\"severity\":\"temporary\",\"recipient\":"
     "\"ann@example.net\",\"timestamp\":1700000000.5,\"delivery-status\":{\"code\":452,"
     "\"message\":\"mailbox full\",\"mx-host\":\"mx.example.net\"}}}",
     Fate::deferred, "2023-11-14T22:13:20.500000Z", "ann@example.net", "mx.example.net",
     "452 mailbox full"},
    {"{\"eventType\":\"Bounce\",\"bounce\":{\"timestamp\":\"2026-11-22T03:04:05Z\","
     "\"bouncedRecipients\":[{\"emailAddress\":\"ann@example.net\",\"diagnosticCode\":"
     "\"smtp; 550 5.1.1 no\"}]}}",
     Fate::bounced, "2026-11-22T03:04:05Z", "ann@example.net", "", "550 5.1.1 no"},
    {"{\"RecordType\":\"Bounce\",\"Type\":\"HardBounce\",\"Email\":\"ann@example.net\","
     "\"BouncedAt\":\"2026-11-22T03:04:05Z\",\"Details\":\"smtp;550 5.1.1 no\"}",
     Fate::bounced, "2026-11-22T03:04:05Z", "ann@example.net", "", "550 5.1.1 no"},
};

TEST(LineReader, reads_an_outcome_of_each_kind_of_log) {
  for (const Line& line : lines) {
    SCOPED_TRACE(line.text);
    LineReader reader;
    const auto& events = reader.read(line.text);
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].fate, line.fate);
    EXPECT_EQ(events[0].time, line.time);
    EXPECT_EQ(events[0].recipient, line.recipient);
    EXPECT_EQ(events[0].host, line.host);
    EXPECT_EQ(events[0].reply, line.reply);
  }
}

std::vector<std::string> told(std::initializer_list<const char*> log) {
  LineReader reader;
  std::vector<std::string> all;
  for (const char* line : log)
    for (const LogEvent& event : reader.read(line))
      all.push_back(std::string(event.recipient) + "|" + std::string(event.reply));
  return all;
}

using Told = std::vector<std::string>;

TEST(LineReader, tells_every_recipient_of_a_line_of_sendmail) {
  EXPECT_EQ(told({"Nov 22 03:04:05 mx sm-mta[17]: u1: to=<a@example.net>,<b@example.net>, "
                  "ctladdr=<c@example.org> (1/1), delay=00:00:01, relay=mx.example.net. "
                  "[192.0.2.1], dsn=5.1.1, stat=User unknown"}),
            (Told{"a@example.net|User unknown", "b@example.net|User unknown"}));
  EXPECT_EQ(told({"Nov 22 03:04:05 mx sm-mta[17]: u1: to=<a@example.net>, delay=00:00:00, "
                  "mailer=esmtp, pri=1, stat=queued"}),
            Told{});
}

std::string fate(Fate one) {
  switch (one) {
    case Fate::delivered:
      return "delivered ";
    case Fate::deferred:
      return "deferred ";
    case Fate::bounced:
      return "bounced ";
    case Fate::told_again:
      return "told again ";
  }
  return {};
}

Told fates(std::initializer_list<const char*> log) {
  LineReader reader;
  Told all;
  for (const char* line : log)
    for (const LogEvent& event : reader.read(line))
      all.push_back(fate(event.fate) + std::string(event.recipient));
  return all;
}

constexpr const char* through_filter =
    "Nov 22 03:04:05 mx postfix/smtp[17]: 4F9K2: to=<a@example.net>, "
    "relay=127.0.0.1[127.0.0.1]:10024, dsn=2.0.0, status=sent (250 2.0.0 from "
    "MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 5A1)";
constexpr const char* out_of_filter =
    "Nov 22 03:04:06 mx postfix/smtp[17]: 5A1: to=<a@example.net>, "
    "relay=mx.example.net[192.0.2.1]:25, dsn=2.0.0, status=sent (250 Ok: queued as 7)";

TEST(LineReader, counts_mail_that_passes_a_filter_of_this_host_once) {
  EXPECT_EQ(
      fates({through_filter, out_of_filter}),
      (Told{"delivered a@example.net", "told again a@example.net", "delivered a@example.net"}));
  EXPECT_EQ(fates({through_filter, out_of_filter, out_of_filter}).size(), 4u);
  // What leaves at once is told before the filter's answer.
  EXPECT_EQ(fates({out_of_filter, through_filter}), Told{"delivered a@example.net"});
  EXPECT_EQ(
      told({"Nov 22 03:04:05 mx postfix/pipe[17]: 4F9K2: to=<a@example.net>, "
            "relay=spamassassin, dsn=2.0.0, status=sent (delivered via spamassassin service)",
            "Nov 22 03:04:06 mx postfix/lmtp[17]: 5A1: to=<b@example.net>, "
            "relay=127.0.0.1[127.0.0.1]:24, dsn=2.0.0, status=sent (250 2.0.0 <b@example.net> "
            "X Saved)"}),
      Told{"b@example.net|250 2.0.0 <b@example.net> X Saved"});
  EXPECT_EQ(told({"Nov 22 03:04:05 mx postfix/smtp[17]: 4F9K2: to=<a@example.net>, "
                  "relay=127.0.0.1[127.0.0.1]:10024, dsn=5.7.1, status=bounced (spam)"}),
            Told{"a@example.net|spam"});
}

TEST(LineReader, counts_mail_that_a_relay_of_this_host_took) {
  EXPECT_EQ(fates({"Nov 22 03:04:05 mx postfix/smtp[17]: 4F9K2: to=<a@example.net>, "
                   "relay=127.0.0.1[127.0.0.1]:2525, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued "
                   "as 01a1)",
                   "Nov 22 03:04:06 mx postfix/smtp[17]: 4F9K3: to=<b@example.net>, "
                   "relay=127.0.0.1[127.0.0.1]:2525, dsn=5.1.1, status=bounced (550 5.1.1 no)"}),
            (Told{"delivered a@example.net", "bounced b@example.net"}));
}

TEST(LineReader, counts_mail_that_postfix_gives_up_with_its_last_cause) {
  auto deferred = [](const char* who, const char* why) {
    return "Nov 22 03:04:05 mx postfix/smtp[17]: 4F9K2: to=<" + std::string(who) +
           "@example.net>, relay=none, dsn=4.4.1, status=deferred (" + why + ")";
  };
  const std::string first = deferred("a", "452 full");
  const std::string last = deferred("a", "connect to mx[192.0.2.1]:25: Connection timed out");
  const std::string other = deferred("b", "421 later");
  const char* expired =
      "Nov 27 03:04:05 mx postfix/qmgr[9]: 4F9K2: from=<s@example.org>, status=expired, returned "
      "to "
      "sender";
  const char* delivered =
      "Nov 22 03:04:05 mx postfix/smtp[17]: 4F9K2: to=<b@example.net>, relay=mx[192.0.2.1]:25, "
      "dsn=2.0.0, status=sent (250 Ok)";
  EXPECT_EQ(fates({first.c_str(), other.c_str(), last.c_str(), delivered, expired, expired}),
            (Told{"deferred a@example.net", "deferred b@example.net", "deferred a@example.net",
                  "delivered b@example.net", "bounced a@example.net", "bounced "}));
  EXPECT_EQ(told({first.c_str(), last.c_str(), expired}).back(),
            "a@example.net|connect to mx[192.0.2.1]:25: Connection timed out");
  EXPECT_EQ(told({expired}), Told{"|expired, returned to sender"});
}

TEST(LineReader, forgets_what_waits_rather_than_grow_without_end) {
  LineReader reader;
  for (size_t i = 0; i < PostfixQueue::recipients_max + 10; ++i)
    reader.read("Nov 22 03:04:05 mx postfix/smtp[17]: Q" + std::to_string(i) +
                ": to=<a@example.net>, relay=none, status=deferred (421 later)");
  const auto& events = reader.read(
      "Nov 27 03:04:05 mx postfix/qmgr[9]: Q100005: from=<s@example.org>, status=expired, "
      "returned");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].recipient, "a@example.net");
}

TEST(LineReader, reads_exim_by_syslog) {
  const Told expected{"ann@example.net|550 5.1.1 No such user"};
  EXPECT_EQ(told({"Nov 22 03:04:05 mx exim[17]: 2026-11-22 03:04:05 1P1ce6-000Egt-GZ ** "
                  "ann@example.net R=dnslookup T=remote_smtp: 550 5.1.1 No such user"}),
            expected);
  EXPECT_EQ(told({"2026-11-22T03:04:05.678901+01:00 mx exim[17]: 1P1ce6-000Egt-GZ ** "
                  "ann@example.net R=dnslookup T=remote_smtp: 550 5.1.1 No such user"}),
            expected);
}

TEST(LineReader, reads_documents_of_several_lines_and_what_holds_events) {
  EXPECT_EQ(
      told({"[", "  {", "    \"event\": \"bounce\",", "    \"email\": \"a@example.net\",",
            "    \"reason\": \"550 no\"", "  },", "  {", "    \"event\": \"open\"", "  }", "]"}),
      Told{"a@example.net|550 no"});
  // Broken off: what follows is read.
  EXPECT_EQ(told({"{\"event\": \"bounce\",",
                  "{\"event\":\"bounce\",\"email\":\"b@example.net\",\"reason\":\"no\"},"}),
            Told{"b@example.net|no"});
  EXPECT_EQ(told({"{\"TotalCount\":1,\"Bounces\":[{\"BouncedAt\":\"2026-11-22T03:04:05Z\",\"Type\":"
                  "\"HardBounce\","
                  "\"Email\":\"a@example.net\",\"Details\":\"smtp;550 no\"}]}"}),
            Told{"a@example.net|550 no"});
  EXPECT_EQ(told({"{\"items\":[{\"event\":\"failed\",\"severity\":\"permanent\",\"recipient\":"
                  "\"a@example.net\",\"delivery-status\":{\"code\":550,\"message\":\"no\"}}]}"}),
            Told{"a@example.net|550 no"});
  const char* inner =
      "{\\\"notificationType\\\":\\\"Bounce\\\",\\\"bounce\\\":{\\\"bounceType\\\":"
      "\\\"Permanent\\\",\\\"bounceSubType\\\":\\\"OnAccountSuppressionList\\\","
      "\\\"bouncedRecipients\\\":[{\\\"emailAddress\\\":\\\"a@example.net\\\"}]}}";
  const std::string lambda = "{\"Records\":[{\"Sns\":{\"Type\":\"Notification\",\"Message\":\"" +
                             std::string(inner) + "\"}}]}";
  EXPECT_EQ(told({lambda.c_str()}),
            Told{"a@example.net|Amazon SES: Permanent OnAccountSuppressionList"});
  EXPECT_EQ(told({"{\"detail-type\":\"Email Bounced\",\"detail\":{\"eventType\":\"Bounce\","
                  "\"bounce\":{\"bouncedRecipients\":[{\"emailAddress\":\"a@example.net\","
                  "\"diagnosticCode\":\"smtp; 550 no\"}]}}}"}),
            Told{"a@example.net|550 no"});
}

TEST(LineReader, passes_over_other_lines) {
  LineReader reader;
  for (const char* line :
       {"", "Nov 22 03:04:05 mx postfix/qmgr[1]: 4F9K2: from=<bob@example.org>, size=1, nrcpt=1",
        "Nov 22 03:04:05 mx sshd[1]: status=bounced", "2026-11-22 03:04:05 Start queue run",
        "{\"event\":\"open\"}", "{", "[{]", "words", "2026", "1"})
    EXPECT_TRUE(reader.read(line).empty()) << line;
}

TEST(LineReader, survives_every_beginning_of_a_line) {
  for (const Line& line : lines) {
    const std::string_view text = line.text;
    LineReader reader;
    for (size_t octets = 0; octets < text.size(); ++octets) reader.read(text.substr(0, octets));
  }
}

TEST(LineReader, follows_the_dialogues_of_libraries) {
  EXPECT_EQ(told({"2026-11-22 03:04:05 CLIENT -> SERVER: RCPT TO:<ann@example.net>",
                  "2026-11-22 03:04:05 SERVER -> CLIENT: 550-5.1.1 No such", "550 5.1.1 user",
                  "2026-11-22 03:04:05 CLIENT -> SERVER: QUIT"}),
            std::vector<std::string>{"ann@example.net|550-5.1.1 No such 550 5.1.1 user"});
  EXPECT_EQ(
      told({"[2026-11-22 03:04:05] DEBUG [abc] C: RCPT TO:<ann@example.net>",
            "[2026-11-22 03:04:05] DEBUG [abc] S: 250 Ok", "[2026-11-22 03:04:05] DEBUG [abc] C: .",
            "[2026-11-22 03:04:06] DEBUG [abc] S: 250 queued"}),
      std::vector<std::string>{"ann@example.net|250 queued"});
}

TEST(LineReader, keeps_the_sessions_of_a_pool_apart) {
  EXPECT_EQ(
      told({"[2026-11-22 03:04:05] DEBUG [aaa] C: RCPT TO:<a@example.net>",
            "[2026-11-22 03:04:05] DEBUG [bbb] C: RCPT TO:<b@example.net>",
            "[2026-11-22 03:04:05] DEBUG [aaa] S: 550-5.1.1 No",
            "[2026-11-22 03:04:05] DEBUG [bbb] S: 450 4.2.1 later",
            "[2026-11-22 03:04:05] DEBUG [aaa] S: 550 5.1.1 such user"}),
      (Told{"b@example.net|450 4.2.1 later", "a@example.net|550-5.1.1 No 550 5.1.1 such user"}));
  LineReader reader;
  for (size_t i = 0; i < 3 * Dialogues::sessions_max; ++i)
    reader.read("[2026-11-22 03:04:05] DEBUG [s" + std::to_string(i) + "] S: 550-go on");
}

TEST(LineReader, reads_what_php_prints_for_browsers_and_into_its_error_log) {
  EXPECT_EQ(told({"2026-11-22 03:04:05 CLIENT -&gt; SERVER: RCPT TO:&lt;ann@example.net&gt;<br>",
                  "2026-11-22 03:04:05 SERVER -&gt; CLIENT: 550-5.1.1 Bob&#039;s550 5.1.1 no<br>"}),
            Told{"ann@example.net|550 5.1.1 Bob's 550 5.1.1 no"});
  EXPECT_EQ(told({"[22-Nov-2026 03:04:05 UTC] CLIENT -> SERVER: RCPT TO:<ann@example.net>",
                  "[22-Nov-2026 03:04:05 UTC] SERVER -> CLIENT: 550 5.1.1 no"}),
            Told{"ann@example.net|550 5.1.1 no"});
}

TEST(LineReader, reads_what_somebody_copied_from_a_browser) {
  EXPECT_EQ(
      told(
          {"2026-11-22 03:04:05\tCLIENT -> SERVER: [credentials hidden]",
           "2026-11-22 03:04:05\tSERVER -> CLIENT: 535-5.7.8 Username not accepted. Go to535 5.7.8 "
           " https://example.net/help",
           "2026-11-22 03:04:05\tSMTP ERROR: Password command failed: 535-5.7.8 Username not "
           "accepted. Go to535 5.7.8  https://example.net/help",
           "2026-11-22 03:04:05\tCLIENT -> SERVER: QUIT"}),
      Told{"|535 5.7.8 Username not accepted. Go to 535 5.7.8  https://example.net/help"});
}

TEST(LineReader, reads_phpmailer_that_shows_its_own_half_only) {
  EXPECT_EQ(told({"2026-11-22 03:04:05 CLIENT -> SERVER: EHLO web",
                  "2026-11-22 03:04:05 SMTP ERROR: EHLO command failed: 502 5.5.1 no",
                  "2026-11-22 03:04:05 CLIENT -> SERVER: RCPT TO:<ann@example.net>",
                  "2026-11-22 03:04:05 SMTP ERROR: RCPT TO command failed: 550-5.1.1 No such",
                  "550 5.1.1 user"}),
            Told{"ann@example.net|550-5.1.1 No such 550 5.1.1 user"});
}

TEST(LineReader, counts_what_went_wrong_before_or_beside_the_replies) {
  EXPECT_EQ(told({"[2026-11-22 03:04:05] ERROR Send Error: connect ECONNREFUSED 192.0.2.1:587",
                  "[2026-11-22 03:04:05] ERROR Send Error: Invalid login: 535-5.7.8 no",
                  "2026-11-22 03:04:05 SMTP ERROR: Failed to connect to server: (111)"}),
            (Told{"|connect ECONNREFUSED 192.0.2.1:587", "|(111)"}));
  // EHLO is refused and HELO taken.
  EXPECT_EQ(told({"2026-11-22 03:04:05 CLIENT -> SERVER: EHLO x", "SERVER -> CLIENT: 502 5.5.1 no",
                  "2026-11-22 03:04:05 CLIENT -> SERVER: HELO x", "SERVER -> CLIENT: 554 no"}),
            Told{"|554 no"});
}

TEST(LineReader, reads_mailboxes_of_opensmtpd) {
  EXPECT_EQ(told({"Nov 22 03:04:05 mx smtpd[17]: a1 mda delivery evpid=1 from=<b@example.org> "
                  "to=<ann@example.net> rcpt=<-> user=ann delay=1s result=TempFail stat=Error "
                  "(\"mail.maildir: disk full\")"}),
            Told{"ann@example.net|Error (\"mail.maildir: disk full\")"});
}

TEST(LineTime, is_read_with_and_without_a_year_and_zone) {
  const WallTime now = *base::parse_rfc3339("2026-01-10T00:00:00Z");
  EXPECT_EQ(parse_line_time("2026-01-02T03:04:05+01:00", now),
            *base::parse_rfc3339("2026-01-02T02:04:05Z"));
  EXPECT_EQ(parse_line_time("2026-01-02 03:04:05", now),
            *base::parse_rfc3339("2026-01-02T03:04:05Z"));
  EXPECT_EQ(parse_line_time("Jan  2 03:04:05", now), *base::parse_rfc3339("2026-01-02T03:04:05Z"));
  EXPECT_EQ(parse_line_time("02-Jan-2026 03:04:05", now),
            *base::parse_rfc3339("2026-01-02T03:04:05Z"));
  EXPECT_FALSE(parse_line_time("02-Xxx-2026 03:04:05", now));
  EXPECT_EQ(parse_line_time("Dec 31 03:04:05", now), *base::parse_rfc3339("2025-12-31T03:04:05Z"));
  EXPECT_FALSE(parse_line_time("Feb 31 03:04:05", now));
  EXPECT_FALSE(parse_line_time("soon", now));
}

TEST(LogSource, cuts_lines_that_come_in_pieces) {
  for (size_t piece = 1; piece < 8; ++piece) {
    const std::string_view whole = "one\ntwo\n\nthree";
    size_t at = 0;
    std::vector<std::string> lines_read;
    auto read = for_each_log_line(
        [&]() -> Result<std::string_view> {
          std::string_view next = whole.substr(std::min(at, whole.size()), piece);
          at += piece;
          return next;
        },
        [&](std::string_view line) {
          lines_read.emplace_back(line);
          return true;
        });
    EXPECT_TRUE(read);
    EXPECT_EQ(lines_read, (std::vector<std::string>{"one", "two", "", "three"}));
  }
}

}  // namespace
}  // namespace waypost::logs
