#include "settings/look_alike.h"

#include <gtest/gtest.h>

#include "settings/similarity.h"

namespace waypost::settings {
namespace {

using Kind = LookAlike::Kind;

struct Row {
  std::string_view written;
  std::string_view meant;
  Kind kind;
};

TEST(LookAlike, tells_what_was_meant) {
  const Row rows[] = {
      {"smtp.gmial.com", "smtp.gmail.com", Kind::misspelt},
      {"smpt.gmail.com", "smtp.gmail.com", Kind::misspelt},
      {"stmp.gmail.com", "smtp.gmail.com", Kind::misspelt},
      {"smtp.gmai.com", "smtp.gmail.com", Kind::misspelt},
      {"SMTP.GMAILL.COM", "smtp.gmail.com", Kind::misspelt},
      {"smtp.office356.com", "smtp.office365.com", Kind::misspelt},
      {"smtp.ofice365.com", "smtp.office365.com", Kind::misspelt},
      {"smtp.sendgird.net", "smtp.sendgrid.net", Kind::misspelt},
      {"smtp.mail.yaho.com", "smtp.mail.yahoo.com", Kind::misspelt},
      {"smpt.web.de", "smtp.web.de", Kind::misspelt},
      {"smtp.mail.outlook.com", "smtp-mail.outlook.com", Kind::punctuation},
      {"email-smpt.eu-west-1.amazonaws.com", "email-smtp.eu-west-1.amazonaws.com", Kind::misspelt},
      {"email-smtp.us-east-1.amazonaw.com", "email-smtp.us-east-1.amazonaws.com", Kind::misspelt},
      {"smtp.gmail.co", "smtp.gmail.com", Kind::wrong_ending},
      {"smtp.gmail.net", "smtp.gmail.com", Kind::wrong_ending},
      {"smtp.gmail.co.uk", "smtp.gmail.com", Kind::wrong_ending},
      {"smtp.zoho.con", "smtp.zoho.com", Kind::wrong_ending},
      {"smtp.sendgrid.com", "smtp.sendgrid.net", Kind::other_service},
      {"gmail.smtp.com", "smtp.gmail.com", Kind::swapped_labels},
      {"smtp.yahoo.mail.com", "smtp.mail.yahoo.com", Kind::swapped_labels},
      {"smtpgmail.com", "smtp.gmail.com", Kind::punctuation},
      {"smtp,gmail.com", "smtp.gmail.com", Kind::punctuation},
      {"smtp..gmail.com", "smtp.gmail.com", Kind::punctuation},
      {"smtp.google.com", "smtp.gmail.com", Kind::other_service},
      {"imap.gmail.com", "smtp.gmail.com", Kind::other_service},
      {"outlook.office365.com", "smtp.office365.com", Kind::other_service},
      {"smtp.gm\xd0\xb0il.com", "smtp.gmail.com", Kind::same_looks},  // Cyrillic a
      {"smtp.xn--gmil-63d.com", "smtp.gmail.com", Kind::same_looks},  // the same in DNS
      {"smtp.grnail.com", "smtp.gmail.com", Kind::same_looks},
      {"smtp.gmai1.com", "smtp.gmail.com", Kind::same_looks},
      {"smtp.0ffice365.com", "smtp.office365.com", Kind::same_looks},
  };
  for (const Row& row : rows) {
    const auto found = look_alike(row.written, known_providers());
    ASSERT_TRUE(found) << row.written;
    EXPECT_EQ(found->meant, row.meant) << row.written;
    EXPECT_EQ(int(found->kind), int(row.kind)) << row.written;
    EXPECT_NE(found->provider, nullptr);
  }
}

TEST(LookAlike, leaves_near_misses_alone) {
  for (const std::string_view host : {"mail.example.com",
                                      "smtp.example.com",
                                      "smtp.gmail.com",
                                      "smtp.gmx.net",
                                      "smtp.gmx.com",
                                      "mail.gmx.at",
                                      "mail.gmx.de",
                                      "smtp.mail.com",
                                      "smtp.mail.yahoo.co.jp",
                                      "smtp.mail.yahoo.co.uk",
                                      "smtp.mail.yahoo.de",
                                      "smtp.googlemail.com",
                                      "smtp.ymail.com",
                                      "smtp.email.com",
                                      "smtp.mail.de",
                                      "smtp.ionos.at",
                                      "smtp.zoho.com.cn",
                                      "smtp.yandex.kz",
                                      "smtp.strato.nl",
                                      "smtp2.sendgrid.net",
                                      "smtp.aon.at",
                                      "smtp.sol.com",
                                      "smtp.webo.de",
                                      "smtp.wub.de",
                                      "smtp.gmy.net",
                                      "smtp.1und1.de",
                                      "smtp.mailersend.net",
                                      "smtp.mailgun.example.com",
                                      "mail.smtp2go.com",
                                      "smtp.fastmail.fm",
                                      "smtp.me.com.example",
                                      "localhost",
                                      "127.0.0.1",
                                      "2001:db8::1",
                                      "smtp.orange.fr",
                                      "smtp.free.fr",
                                      "mail.your-company.de",
                                      "mail.server.de",
                                      "smtp.hostinger.com",
                                      "smtp.mandrillapp.com",
                                      "mail.infomaniak.ch",
                                      "smtp.resend.dev",
                                      "smtp.bravo.com",
                                      "relay.example.com",
                                      "smtp.t-online.de",
                                      "securesmtp.t-online.de",
                                      "mail.privatemail.example",
                                      "smtp.naver.com",
                                      "smtp.qq.com",
                                      "smtp.163.com",
                                      "smtp.att.yahoo.com",
                                      "",
                                      ".",
                                      "..",
                                      "smtp",
                                      "gmail.com"}) {
    const auto found = look_alike(host, known_providers());
    EXPECT_FALSE(found) << host << " for " << found->meant;
  }
}

TEST(LookAlike, a_mail_domain_is_taken_for_the_one_that_was_meant) {
  for (const auto& [written, meant] : {std::pair("gmial.com", "gmail.com"),
                                       {"Gmail.con", "gmail.com"},
                                       {"gmail.co", "gmail.com"},
                                       {"gmailcom", "gmail.com"},
                                       {"hotmial.com", "hotmail.com"},
                                       {"outlok.com", "outlook.com"},
                                       {"yaho.com", "yahoo.com"},
                                       {"icloud.cm", "icloud.com"},
                                       {"gm\xd0\xb0il.com", "gmail.com"}}) {
    const auto found = look_alike_domain(written, known_providers());
    EXPECT_EQ(found ? found->meant : "", meant) << written;
  }
  for (const char* domain :
       {"gmail.com",         "GMAIL.com.",   "ymail.com",  "mail.com", "email.com",
        "yahoo.fr",          "hotmail.fr",   "outlook.de", "live.nl",  "googlemail.com",
        "gmail.example.com", "shop.example", "web.de",     "gmx.fr",   "me.com",
        "mac.example",       "aol.de",       "",           ".",        "localhost",
        "smtp.gmail.com"}) {
    const auto found = look_alike_domain(domain, known_providers());
    EXPECT_FALSE(found) << domain << " for " << found->meant;
  }
}

TEST(LookAlike, a_long_name_ends) {
  EXPECT_FALSE(look_alike(std::string(100'000, '.'), known_providers()));
  EXPECT_FALSE(look_alike("smtp." + std::string(200, 'a') + ".com", known_providers()));
  EXPECT_FALSE(look_alike_domain(std::string(100'000, '.'), known_providers()));
  EXPECT_FALSE(look_alike("xn--" + std::string(200, '9') + ".com", known_providers()));
}

TEST(Similarity, counts_a_swap_as_one_mistake) {
  EXPECT_EQ(distance("gmial", "gmail"), 1u);
  EXPECT_EQ(distance("gmail", "gmail"), 0u);
  EXPECT_EQ(distance("gmal", "gmail"), 1u);
  EXPECT_EQ(distance("gamil", "gmail"), 1u);
  EXPECT_EQ(distance("hotmail", "gmail"), 3u);
  EXPECT_EQ(distance("", "abc"), 3u);
  EXPECT_EQ(distance("ca", "abc"), 3u);
}

TEST(Similarity, finds_and_removes_what_cannot_be_seen) {
  EXPECT_EQ(first_odd_character("smtp.example.com", true).length, 0u);
  const OddCharacter odd = first_odd_character("smtp\xe2\x80\x8b.example.com", true);
  EXPECT_EQ(odd.offset, 4u);
  EXPECT_EQ(odd.length, 3u);
  EXPECT_EQ(odd.code_point, U'\u200b');
  EXPECT_EQ(odd.name, "zero width space");
  EXPECT_EQ(first_odd_character("a b", false).length, 0u);
  EXPECT_EQ(first_odd_character("a\xff", false).name, "octet that is no UTF-8");
  EXPECT_EQ(first_odd_character(std::string_view("a\0b", 3), false).name, "control character");
  EXPECT_EQ(without_odd_characters(" \"smtp\xc2\xa0.example.com\"\t"), "smtp.example.com");
  EXPECT_EQ(without_odd_characters("\xe2\x80\x9csmtp.example.com\xe2\x80\x9d"), "smtp.example.com");
}

}  // namespace
}  // namespace waypost::settings
