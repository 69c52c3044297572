// How an .env says that a connection is encrypted, and who logs in.
#include <gmock/gmock.h>

#include "settings/remarks.h"
#include "tests/unit/settings/reading.h"

namespace waypost::settings {
namespace {

Settings read_file(const std::string& text) { return read_well(text, std::nullopt, ".env"); }

std::string notices_of(const Settings& settings) {
  std::string all;
  for (const Notice& notice : settings.notices) all += notice.text + "\n";
  return all;
}

struct Way {
  Encryption encryption;
  bool is_opportunistic;
  bool operator==(const Way&) const = default;
};

void PrintTo(const Way& way, std::ostream* out) {
  *out << int(way.encryption) << (way.is_opportunistic ? " where offered" : "");
}

Way way_of(const std::string& lines) {
  const Settings settings = read_file(lines);
  return {settings.encryption.value, settings.is_opportunistic};
}

constexpr Way clear{Encryption::none, false};
constexpr Way starttls{Encryption::starttls, false};
constexpr Way if_offered{Encryption::starttls, true};
constexpr Way implicit{Encryption::implicit, false};

TEST(Switches, a_pair_is_djangos_and_neither_on_is_no_encryption) {
  const std::string at = "EMAIL_HOST=a.example\nEMAIL_PORT=587\n";
  EXPECT_EQ(way_of(at + "EMAIL_USE_TLS=False\n"), clear);
  EXPECT_EQ(way_of(at + "EMAIL_USE_TLS=False\nEMAIL_USE_SSL=False\n"), clear);
  EXPECT_EQ(way_of(at + "EMAIL_USE_SSL=False\n"), clear);
  EXPECT_EQ(way_of(at + "EMAIL_USE_TLS=True\n"), starttls);
  EXPECT_EQ(way_of(at + "EMAIL_USE_TLS=1\nEMAIL_USE_SSL=\n"), starttls);
  EXPECT_EQ(way_of(at + "EMAIL_USE_SSL=on\n"), implicit);
  EXPECT_EQ(way_of("MAIL_SERVER=a.example\nMAIL_USE_TLS=false\n"), clear);
  EXPECT_EQ(way_of("MAIL_HOST=a.example\nMAIL_PORT=587\nMAIL_USE_TLS=false\n"), clear);
  EXPECT_EQ(way_of("MAIL_SERVER=a.example\nMAIL_STARTTLS=True\nMAIL_SSL_TLS=False\n"), starttls);
  EXPECT_EQ(way_of("SMTP_HOST=a.example\nSMTP_TLS=False\nSMTP_SSL=False\n"), clear);
  EXPECT_TRUE(read_file(at + "EMAIL_USE_TLS=1\nEMAIL_USE_SSL=1\n").other_encryption);
}

TEST(Switches, a_pair_goes_before_the_port) {
  const Settings settings = read_file("EMAIL_HOST=a.example\nEMAIL_PORT=465\nEMAIL_USE_TLS=True\n");
  EXPECT_EQ(settings.encryption.value, Encryption::starttls);
  const auto found = remarks(settings, {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.front().finding, "M3002");
}

TEST(Switches, what_secure_means_is_nodemailers_word) {
  const std::string at = "SMTP_HOST=a.example\n";
  EXPECT_EQ(way_of(at + "SMTP_PORT=587\nSMTP_SECURE=false\n"), if_offered);
  EXPECT_EQ(way_of(at + "SMTP_PORT=465\nSMTP_SECURE=false\n"), if_offered);
  EXPECT_EQ(way_of(at + "SMTP_PORT=587\nSMTP_SECURE=true\n"), implicit);
  EXPECT_EQ(way_of(at + "SMTP_PORT=587\nSMTP_SECURE=tls\n"), starttls);
  EXPECT_EQ(way_of(at + "SMTP_PORT=587\nSMTP_SECURE=none\n"), clear);
  EXPECT_EQ(way_of(at + "SMTP_PORT=465\n"), implicit);
  EXPECT_EQ(way_of(at + "SMTP_PORT=587\n"), if_offered);
  EXPECT_EQ(way_of(at + "SMTP_PORT=465\nSMTP_STARTTLS=false\n"), implicit);
}

TEST(Switches, no_encryption_is_a_word_like_others) {
  for (const std::string word : {"none", "null", "off", "false"})
    EXPECT_EQ(way_of("MAILER_HOST=a.example\nMAILER_PORT=587\nMAILER_ENCRYPTION=" + word + "\n"),
              clear)
        << word;
  EXPECT_EQ(way_of("EMAIL_HOST=a.example\nEMAIL_PORT=465\nEMAIL_ENCRYPTION=tls\n"), implicit);
  EXPECT_EQ(way_of("EMAIL_HOST=a.example\nEMAIL_PORT=587\nEMAIL_ENCRYPTION=\n"), if_offered);
  const Settings unclear = read_file("SMTP_HOST=a.example\nSMTP_PORT=587\nSMTP_TLS=false\n");
  EXPECT_TRUE(unclear.is_opportunistic);
  EXPECT_THAT(notices_of(unclear), testing::HasSubstr("SMTP_TLS=false: some programs"));
}

TEST(Switches, laravel_takes_starttls_where_it_is_offered_unless_it_is_asked_for) {
  const std::string at = "MAIL_MAILER=smtp\nMAIL_HOST=a.example\nMAIL_PORT=587\n";
  EXPECT_EQ(way_of(at + "MAIL_ENCRYPTION=tls\n"), starttls);
  EXPECT_EQ(way_of(at + "MAIL_SCHEME=smtp\n"), if_offered);
  EXPECT_EQ(way_of(at), if_offered);
  for (const std::string word : {"null", "none"}) {
    const Settings settings = read_file(at + "MAIL_ENCRYPTION=" + word + "\n");
    EXPECT_TRUE(settings.is_opportunistic);
    EXPECT_THAT(notices_of(settings),
                testing::HasSubstr("MAIL_ENCRYPTION=" + word + ": Laravel 9"));
  }
}

TEST(Switches, laravels_scheme_is_one_of_two_words) {
  const auto notices_with = [](std::string scheme) {
    return notices_of(
        read_file("MAIL_HOST=a.example\nMAIL_PORT=587\nMAIL_SCHEME=" + scheme + "\n"));
  };
  for (const std::string word : {"tls", "ssl", "starttls", "none"})
    EXPECT_THAT(notices_with(word), testing::HasSubstr("MAIL_SCHEME is neither smtp nor smtps"))
        << word;
  for (const std::string word : {"smtp", "smtps", "null", "", "${SCHEME}"})
    EXPECT_EQ(notices_with(word), "") << word;
}

TEST(Switches, the_options_of_a_url_count) {
  EXPECT_EQ(way_of("MAILER_DSN=smtp://a.example:25?auto_tls=false\n"), clear);
  EXPECT_EQ(way_of("MAILER_DSN=smtp://a.example:465?auto_tls=0\n"), implicit);
  EXPECT_EQ(way_of("MAILER_DSN=smtp://a.example:587?x=1&require_tls=true\n"), starttls);
  EXPECT_EQ(way_of("MAILER_DSN=smtp://a.example:587\n"), if_offered);
  EXPECT_EQ(way_of("EMAIL_SERVER=smtp://a.example:587?ignoreTLS=true\n"), clear);
  EXPECT_EQ(way_of("EMAIL_SERVER=smtp://a.example:465\n"), if_offered);
}

TEST(Switches, a_login_is_read_by_its_usual_names_and_told_by_others) {
  const Settings settings =
      read_file("SMTP_HOST=a.example\nSMTP_AUTH_USER=ann@a.example\nSMTP_AUTH_PASS=secret\n");
  EXPECT_TRUE(settings.login.value);
  EXPECT_EQ(settings.user.value, "ann@a.example");
  EXPECT_EQ(settings.password.value.reveal(), "secret");
  const Settings nodes = read_file("MAIL_HOST=a.example\nMAIL_USER=ann\nMAIL_PASS=secret\n");
  EXPECT_EQ(nodes.user.value, "ann");
  EXPECT_EQ(nodes.password.value.reveal(), "secret");
  const Settings odd = read_file("SMTP_HOST=a.example\nSMTP_MY_LOGIN=ann\n");
  EXPECT_THAT(notices_of(odd), testing::HasSubstr("SMTP_MY_LOGIN may be part of a login"));
}

TEST(Switches, the_last_of_two_counts_and_a_backend_that_sends_nothing_is_told) {
  const Settings settings = read_file(
      "EMAIL_BACKEND=django.core.mail.backends.console.EmailBackend\nEMAIL_HOST=old.example\n"
      "EMAIL_HOST=new.example\nEMAIL_PORT=25\nEMAIL_PORT=587\n");
  EXPECT_EQ(settings.host.value, "new.example");
  EXPECT_EQ(settings.port.value, 587u);
  EXPECT_THAT(notices_of(settings), testing::HasSubstr("prints the mail on the terminal"));
  EXPECT_THAT(notices_of(settings), testing::HasSubstr("EMAIL_HOST stands in line 2 as well"));
  EXPECT_THAT(notices_of(settings), testing::HasSubstr("EMAIL_PORT stands in line 4 as well"));
}

TEST(Switches, a_correction_is_in_the_files_own_switches) {
  const auto corrected = [](const std::string& text, Encryption encryption) {
    Change change;
    change.encryption = encryption;
    return applied(text, edits(read_file(text), change));
  };
  EXPECT_EQ(corrected("EMAIL_HOST=a\nEMAIL_USE_TLS=False\n", Encryption::starttls),
            "EMAIL_USE_SSL=False\nEMAIL_HOST=a\nEMAIL_USE_TLS=True\n");
  EXPECT_EQ(corrected("SMTP_HOST=a\nSMTP_TLS=true\nSMTP_SSL=false\n", Encryption::implicit),
            "SMTP_HOST=a\nSMTP_TLS=false\nSMTP_SSL=true\n");
  EXPECT_EQ(corrected("SMTP_HOST=a\nSMTP_SECURE=ssl\n", Encryption::starttls),
            "SMTP_HOST=a\nSMTP_SECURE=tls\n");
  EXPECT_EQ(corrected("MAILER_DSN=smtp://a:25?auto_tls=false\n", Encryption::starttls),
            "MAILER_DSN=smtp://a:25?auto_tls=true\n");
}

}  // namespace
}  // namespace waypost::settings
