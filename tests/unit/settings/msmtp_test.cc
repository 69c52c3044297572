#include <gtest/gtest.h>

#include "tests/unit/settings/reading.h"

namespace waypost::settings {
namespace {

constexpr std::string_view two_accounts = R"(# all of them
defaults
auth on
tls on

account work
host mail.work.example
port 587
user work
password "two words "

account home
  host smtp.home.example
  tls_starttls off
  from me@home.example
  user me@home.example
  passwordeval "pass home"

account default : work
)";

TEST(Msmtp, reads_the_default_account_through_the_one_it_inherits) {
  const Settings settings = read_well(two_accounts, Dialect::msmtp);
  EXPECT_EQ(settings.account, "default");
  EXPECT_EQ(settings.accounts, (std::vector<std::string>{"work", "home", "default"}));
  EXPECT_EQ(settings.host.value, "mail.work.example");
  EXPECT_EQ(settings.port.value, 587u);
  EXPECT_EQ(settings.encryption.value, Encryption::starttls);
  EXPECT_FALSE(settings.is_opportunistic);
  EXPECT_TRUE(settings.login.value);
  EXPECT_FALSE(settings.mechanism.is_written());
  EXPECT_TRUE(settings.check_certificate.value);
  EXPECT_EQ(settings.password.value.reveal(), "two words ");
  expect_places_are_right(settings, two_accounts);
  EXPECT_EQ(settings.host.place.line, 7u);
  EXPECT_EQ(settings.host.place.column, 6u);
  EXPECT_EQ(settings.encryption.place.line, 4u);
  EXPECT_EQ(settings.password.place.raw, "");
}

TEST(Msmtp, reads_an_account_by_name) {
  const Result<Settings> settings = read(two_accounts, Dialect::msmtp, "msmtprc", "home");
  ASSERT_TRUE(settings) << settings.error().describe();
  EXPECT_EQ(settings->encryption.value, Encryption::implicit);
  EXPECT_EQ(settings->port.value, 465u);
  EXPECT_FALSE(settings->port.is_written());
  EXPECT_EQ(settings->user.value, "me@home.example");
  EXPECT_TRUE(settings->password.is_elsewhere);
}

TEST(Msmtp, says_which_accounts_there_are) {
  const Result<Settings> settings = read(two_accounts, Dialect::msmtp, "msmtprc", "other");
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().code(), ErrorCode::not_found);
  EXPECT_EQ(settings.error().message(),
            "msmtprc: there is no account other; there is work, home, default");
}

TEST(Msmtp, names_the_line_with_an_unknown_base) {
  const Result<Settings> settings =
      read("account a\nhost h\n account b : c\n", Dialect::msmtp, "~/.msmtprc");
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().message(),
            "~/.msmtprc:3:2: the account behind the colon is not defined above this line");
}

TEST(Msmtp, takes_the_only_account_whatever_its_name) {
  const Settings settings = read_well("account a\nhost h.example\n", Dialect::msmtp);
  EXPECT_EQ(settings.host.value, "h.example");
  EXPECT_EQ(settings.encryption.value, Encryption::none);
  EXPECT_EQ(settings.port.value, 25u);
  EXPECT_FALSE(settings.login.value);
}

TEST(Msmtp, tells_a_command_that_msmtp_does_not_know) {
  for (const std::string line : {"hots mail.example", "Port 587", "host=mail.example", "smtp on"}) {
    const Settings settings =
        read_well("account a\nhost h.example\n" + line + "\nusre x\n", Dialect::msmtp);
    ASSERT_EQ(settings.notices.size(), 1u) << line;
    EXPECT_EQ(settings.notices[0].place.line, 3u);
    EXPECT_EQ(settings.notices[0].place.raw, "");
    EXPECT_EQ(settings.notices[0].text.find("no command of msmtp"), 0u);
  }
  EXPECT_TRUE(read_well(two_accounts, Dialect::msmtp).notices.empty());
  EXPECT_TRUE(read_well("defaults\nlogfile ~/.log\ntls_trust_file x\naccount a\nhost h.example\n",
                        Dialect::msmtp)
                  .notices.empty());
}

TEST(Msmtp, is_recognised_by_name_and_by_content) {
  EXPECT_EQ(recognise("", "/home/alice/.msmtprc"), Dialect::msmtp);
  EXPECT_EQ(recognise(two_accounts, "settings"), Dialect::msmtp);
  EXPECT_EQ(recognise("const host = 'x'\naccount = 3", "a.txt"), std::nullopt);
}

TEST(Msmtp, a_change_is_read_again) {
  expect_change_round_trips(two_accounts, Dialect::msmtp);
  expect_change_round_trips("account a\nhost h.example\n", Dialect::msmtp);
}

TEST(Msmtp, shows_the_changed_lines_alone) {
  const Settings settings = read_well(two_accounts, Dialect::msmtp);
  Change change;
  change.encryption = Encryption::implicit;
  change.port = 465;
  EXPECT_EQ(with_change(settings, change), "tls on\ntls_starttls off\nport 465\n");
}

TEST(Settings, a_text_that_is_too_long_is_refused) {
  const Result<Settings> settings =
      read(std::string(text_octets_max + 1, 'a'), Dialect::msmtp, "msmtprc");
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().code(), ErrorCode::resource_exhausted);
}

TEST(Settings, odd_octets_survive) {
  const std::string text("account a\nhost \xff\0x.example\nuser \xc3\xa9t\xc3\xa9\n", 38);
  const Settings settings = read_well(text, Dialect::msmtp);
  EXPECT_EQ(settings.host.value, std::string("\xff\0x.example", 11));
  EXPECT_EQ(settings.user.value, "\xc3\xa9t\xc3\xa9");
  Change change;
  change.host = "a.example";
  EXPECT_EQ(with_change(settings, change), "host a.example\n");
}

}  // namespace
}  // namespace waypost::settings
