#include "cli/timeline.h"

#include <gtest/gtest.h>

// The pages that people read, in full: a change of a word is a change of the product.
namespace waypost::cli {
namespace {

using namespace std::chrono_literals;

const WallTime noon = *base::parse_rfc3339("2026-11-21T12:00:00Z");
const MessageId id = *MessageId::parse("019aa6b1-2e4f-7c00-8123-456789abcdef");

events::Event event(events::EventKind kind, Duration after) {
  events::Event made;
  made.kind = kind;
  made.at = noon + std::chrono::duration_cast<std::chrono::microseconds>(after);
  made.message = id;
  made.sender = "shop@shop.test";
  made.recipients = {"anna@mail.test"};
  return made;
}

TEST(Timeline, tells_the_life_of_a_message) {
  events::Event accepted = event(events::EventKind::accepted, 0s);
  accepted.client = "127.0.0.1:5000";
  accepted.login = "web";
  accepted.size_octets = 10240;
  events::Event deferred = event(events::EventKind::deferred, 1s);
  deferred.attempt = 1;
  deferred.peer = {"mx.mail.test", "192.0.2.1:25", "TLSv1.3 X"};
  deferred.phase = events::Phase::rcpt;
  deferred.took = 120ms;
  deferred.reply = "450 4.2.0 Greylisted";
  deferred.next_attempt_at = noon + 61s;
  EXPECT_EQ(render_timeline({accepted, deferred}, {}, noon, false),
            "019aa6b1-2e4f-7c00-8123-456789abcdef  2026-11-21 12:00:00  shop@shop.test -> "
            "anna@mail.test\n"
            "  12:00:00.000  accepted   from 127.0.0.1:5000 · login web · 10.0 KiB\n"
            "  12:00:01.000  deferred   anna@mail.test\n"
            "                           attempt 1 · mx.mail.test [192.0.2.1:25] · TLSv1.3 X · "
            "took 120 ms · at rcpt\n"
            "                           450 4.2.0 Greylisted\n"
            "                           next attempt 12:01:01 UTC\n");
}

TEST(Timeline, tells_what_came_back_after_the_delivery) {
  events::Event other = event(events::EventKind::delivered, 1s);
  other.recipients = {"bob@mail.test"};
  events::Event delivered = event(events::EventKind::delivered, 2s);
  events::Event late = event(events::EventKind::late_bounced, 2s + 3h);
  late.reply = "550 5.1.1 No such user";
  const std::string page = render_timeline({other, delivered, late}, {}, noon, false);
  EXPECT_NE(page.find("  15:00:02.000  late_bounced  anna@mail.test\n"
                      "                           550 5.1.1 No such user\n"
                      "                           delivered at first, bounced 3 h"),
            std::string::npos)
      << page;
  const std::string alone = render_timeline({other, late}, {}, noon, false);
  EXPECT_EQ(alone.find("at first"), std::string::npos) << alone;
}

TEST(Timeline, says_who_was_refused) {
  events::Event refused;
  refused.kind = events::EventKind::rejected;
  refused.at = noon;
  refused.client = "192.0.2.9:41003";
  refused.login = "web-prod";
  refused.session = "0HXK3AB0G0001";
  refused.reply = "535 5.7.8 The name or the secret is wrong";
  EXPECT_EQ(render_timeline({refused}, {}, noon, false),
            "refused  2026-11-21 12:00:00\n"
            "  12:00:00.000  rejected   from 192.0.2.9:41003 · login web-prod · session "
            "0HXK3AB0G0001\n"
            "                           535 5.7.8 The name or the secret is wrong\n");
  refused.login.clear();
  refused.sender = "shop@shop.test";
  refused.recipients = {"anna@mail.test"};
  EXPECT_TRUE(render_timeline({refused}, {}, noon, false)
                  .starts_with("refused  2026-11-21 12:00:00  shop@shop.test -> anna@mail.test\n"));
}

TEST(Timeline, tells_of_local_mail_and_of_certificates_in_words) {
  events::Event accepted = event(events::EventKind::accepted, 0s);
  accepted.client = "0.0.0.0:0";
  accepted.login = "uid:0";
  accepted.size_octets = 100;
  EXPECT_EQ(render_event(accepted, false),
            "  12:00:00.000  accepted   handed in on this machine · by user 0 · 100 B\n");
  events::Event delivered = event(events::EventKind::delivered, 1s);
  delivered.attempt = 1;
  delivered.peer = {"127.0.0.1", "127.0.0.1:25", "TLSv1.3 X",
                    "its certificate is self-signed: no known authority vouches for it"};
  EXPECT_EQ(render_event(delivered, false),
            "  12:00:01.000  delivered  anna@mail.test\n"
            "                           attempt 1 · 127.0.0.1:25 · TLSv1.3 X, its certificate is "
            "self-signed: no known authority vouches for it\n");
}

TEST(Timeline, says_what_holds_a_recipient_and_whose_rule_it_is) {
  queue::Standing standing;
  standing.id = id;
  standing.recipient = "anna@mail.test";
  standing.hold = queue::Hold::rate;
  standing.reason = "mail.test gets at most 2 messages a second, and 7 are ahead";
  standing.limit_origin = "waypost.toml:31";
  standing.next_attempt_at = noon + 3s;
  standing.expires_at = noon + 48h;
  EXPECT_EQ(render_standing(standing, noon, false),
            "  now           rate       anna@mail.test\n"
            "                           mail.test gets at most 2 messages a second, and 7 are "
            "ahead\n"
            "                           limit set by: waypost.toml:31\n"
            "                           next attempt in 3.0 s (12:00:03 UTC)\n"
            "                           given up in 2 d 0 h (12:00:00 UTC)\n");
}

TEST(Timeline, lets_no_peer_write_to_the_terminal) {
  events::Event bounced = event(events::EventKind::bounced, 0s);
  bounced.reply = "550 \x1b[2J\r\nforged";
  std::string page = render_timeline({bounced}, {}, noon, false);
  EXPECT_EQ(page.find('\x1b'), std::string::npos);
  EXPECT_NE(page.find("550 \\x1b[2J\\x0d\\x0aforged"), std::string::npos);
}

}  // namespace
}  // namespace waypost::cli
