// The dialects that are lines of `key = value`: Django, Laravel, Postfix, our own.
#include <gtest/gtest.h>

#include "tests/unit/settings/reading.h"

namespace waypost::settings {
namespace {

constexpr std::string_view django = R"(import os
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = 'smtp.example.com'
EMAIL_PORT = 587
EMAIL_USE_TLS = True
EMAIL_USE_SSL = True  # both
EMAIL_HOST_USER = r"shop@example.com"
EMAIL_HOST_PASSWORD = "pa#ss"
DEFAULT_FROM_EMAIL = EMAIL_HOST_USER
)";

TEST(Django, reads_the_settings_and_both_switches) {
  const Settings settings = read_well(django, std::nullopt, "settings.py");
  EXPECT_EQ(settings.dialect, Dialect::django);
  EXPECT_EQ(settings.host.value, "smtp.example.com");
  EXPECT_EQ(settings.host.place.line, 3u);
  EXPECT_EQ(settings.host.place.column, 14u);
  EXPECT_EQ(settings.port.value, 587u);
  EXPECT_EQ(settings.encryption.value, Encryption::starttls);
  ASSERT_TRUE(settings.other_encryption);
  EXPECT_EQ(settings.other_encryption->line, 6u);
  EXPECT_EQ(settings.user.value, "shop@example.com");
  EXPECT_EQ(settings.password.value.reveal(), "pa#ss");
  EXPECT_TRUE(settings.from.is_elsewhere);
  EXPECT_TRUE(settings.login.value);
  expect_places_are_right(settings, django);
}

TEST(Django, has_its_defaults_and_tells_the_environment) {
  const Settings settings = read_well(
      "EMAIL_HOST = os.environ.get('EMAIL_HOST', 'localhost')\nEMAIL_USE_SSL = config('SSL',\n  "
      "cast=bool)\nEMAIL_HOST_PASSWORD = env('PASSWORD')\n",
      std::nullopt);
  EXPECT_TRUE(settings.host.is_elsewhere);
  EXPECT_EQ(settings.port.value, 25u);
  EXPECT_FALSE(settings.port.is_written());
  EXPECT_TRUE(settings.encryption.is_elsewhere);
  EXPECT_EQ(settings.encryption.place.raw, "config('SSL',\n  cast=bool)");
  EXPECT_TRUE(settings.password.is_elsewhere);
  EXPECT_EQ(read_well("EMAIL_HOST = 'a'", Dialect::django).encryption.value, Encryption::none);
}

TEST(Django, a_change_is_read_again) {
  expect_change_round_trips(django, Dialect::django);
  expect_change_round_trips("EMAIL_HOST = 'a.example'\n", Dialect::django);
}

constexpr std::string_view laravel = R"(APP_NAME=Shop
MAIL_MAILER=smtp
MAIL_HOST=smtp.example.com
MAIL_PORT=587
MAIL_USERNAME="shop@example.com" # the account
MAIL_PASSWORD="pa \"ss# "
MAIL_ENCRYPTION=ssl
MAIL_FROM_ADDRESS="${MAIL_USERNAME}"
)";

TEST(Laravel, reads_the_values_as_dotenv_does) {
  const Settings settings = read_well(laravel, std::nullopt, "shop/.env.production");
  EXPECT_EQ(settings.dialect, Dialect::laravel);
  EXPECT_EQ(settings.host.value, "smtp.example.com");
  EXPECT_EQ(settings.port.value, 587u);
  EXPECT_EQ(settings.encryption.value, Encryption::implicit);
  EXPECT_EQ(settings.user.value, "shop@example.com");
  EXPECT_EQ(settings.password.value.reveal(), "pa \"ss# ");
  EXPECT_TRUE(settings.from.is_elsewhere);
  expect_places_are_right(settings, laravel);
}

TEST(Laravel, a_byte_order_mark_is_no_part_of_the_first_line) {
  const std::string text = "\xef\xbb\xbfMAIL_HOST=smtp.example.com\nMAIL_USERNAME=shop\n";
  const Settings settings = read_well(text, std::nullopt, "mail.txt");
  EXPECT_EQ(settings.dialect, Dialect::laravel);
  EXPECT_EQ(settings.host.value, "smtp.example.com");
  EXPECT_EQ(text.substr(settings.host.place.offset, settings.host.place.length),
            "smtp.example.com");
  Change change;
  change.port = 465;
  EXPECT_EQ(with_change(settings, change), "MAIL_PORT=465\n");
  EXPECT_EQ(applied(text, edits(settings, change)),
            "\xef\xbb\xbfMAIL_PORT=465\nMAIL_HOST=smtp.example.com\nMAIL_USERNAME=shop\n");
}

TEST(Laravel, decides_encryption_as_laravel_does) {
  const auto read_lines = [](std::string lines) {
    return read_well("MAIL_HOST=a.example\n" + lines, Dialect::laravel).encryption.value;
  };
  EXPECT_EQ(read_lines("MAIL_PORT=465\nMAIL_ENCRYPTION=tls"), Encryption::implicit);
  EXPECT_EQ(read_lines("MAIL_PORT=465\nMAIL_SCHEME=smtp"), Encryption::starttls);
  EXPECT_EQ(read_lines("MAIL_PORT=587\nMAIL_SCHEME=smtps"), Encryption::implicit);
  EXPECT_EQ(read_lines("MAIL_SCHEME=null\nMAIL_ENCRYPTION=null"), Encryption::starttls);
}

TEST(Laravel, a_change_is_read_again) {
  expect_change_round_trips(laravel, Dialect::laravel, {.none = false});
  expect_change_round_trips("MAIL_HOST=a.example\nMAIL_SCHEME=smtp", Dialect::laravel,
                            {.none = false});
}

constexpr std::string_view postfix = R"(# relay
myhostname = host.example
relayhost =
# a comment inside
    [smtp.example.com]:587
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd
smtp_sasl_security_options = noanonymous
smtp_tls_security_level = may
inet_protocols = all
)";

TEST(Postfix, reads_the_relay_host_over_continued_lines) {
  const Settings settings = read_well(postfix, std::nullopt, "/etc/postfix/main.cf");
  EXPECT_EQ(settings.dialect, Dialect::postfix);
  EXPECT_EQ(settings.host.value, "smtp.example.com");
  EXPECT_EQ(settings.host.place.line, 5u);
  EXPECT_EQ(settings.host.place.raw, "[smtp.example.com]:587");
  EXPECT_EQ(settings.port.value, 587u);
  EXPECT_EQ(settings.port.place.raw, "587");
  EXPECT_EQ(settings.encryption.value, Encryption::starttls);
  EXPECT_TRUE(settings.is_opportunistic);
  EXPECT_TRUE(settings.login.value);
  EXPECT_TRUE(settings.password.is_elsewhere);
  EXPECT_EQ(settings.password.place.raw, "hash:/etc/postfix/sasl_passwd");
  expect_places_are_right(settings, postfix);
}

TEST(Postfix, reads_the_forms_of_a_relay_host) {
  const auto relay = [](std::string value) {
    const Settings settings = read_well("relayhost = " + value + "\n", Dialect::postfix);
    return settings.host.value + " " + std::to_string(settings.port.value);
  };
  EXPECT_EQ(relay("smtp.example.com"), "smtp.example.com 25");
  EXPECT_EQ(relay("smtp.example.com:submission"), "smtp.example.com 587");
  EXPECT_EQ(relay("[2001:db8::1]"), "2001:db8::1 25");
  EXPECT_EQ(relay("[2001:db8::1]:465"), "2001:db8::1 465");
  EXPECT_EQ(relay("[a.example]:smtps, b.example"), "a.example 465");
  EXPECT_TRUE(read_well("relayhost = $mydomain\n", Dialect::postfix).host.is_elsewhere);
}

TEST(Postfix, reads_wrapper_mode_and_a_password_in_the_file) {
  const Settings settings = read_well(
      "relayhost = [a.example]:465\nsmtp_tls_wrappermode = yes\nsmtp_tls_security_level = "
      "encrypt\nsmtp_sasl_password_maps = static:shop@example.com:secret\n",
      Dialect::postfix);
  EXPECT_EQ(settings.encryption.value, Encryption::implicit);
  EXPECT_FALSE(settings.check_certificate.value);
  EXPECT_EQ(settings.user.value, "shop@example.com");
  EXPECT_EQ(settings.password.value.reveal(), "secret");
  EXPECT_EQ(settings.user.place.raw, "");
}

TEST(Postfix, a_change_is_read_again) {
  expect_change_round_trips(postfix, Dialect::postfix, {.user = false});
  expect_change_round_trips("relayhost = [a.example]\nsmtp_tls_security_level = secure\n",
                            Dialect::postfix, {.user = false});
  Change change;
  change.family = Family::ipv4;
  EXPECT_EQ(with_change(read_well(postfix, Dialect::postfix), change), "inet_protocols = ipv4\n");
}

constexpr std::string_view own = R"(hostname = "mail.example.com"

[delivery]
tls = "opportunistic"
next_hop = "smtp.example.com:465"   # the provider
login = "shop@example.com"
secret_file = "/etc/waypost/smarthost.secret"

[[route]]
id = "partner"
match = ["partner.example"]
next_hop = '[2001:db8::25]:25'
)";

TEST(WaypostFile, reads_the_next_hop_of_delivery) {
  const Settings settings = read_well(own, std::nullopt, "conf.d/x.toml");
  EXPECT_EQ(settings.dialect, Dialect::waypost);
  EXPECT_EQ(settings.account, "next_hop");
  EXPECT_EQ(settings.accounts, (std::vector<std::string>{"next_hop", "partner"}));
  EXPECT_EQ(settings.host.value, "smtp.example.com");
  EXPECT_EQ(settings.host.place.line, 5u);
  EXPECT_EQ(settings.host.place.raw, "\"smtp.example.com:465\"");
  EXPECT_EQ(settings.port.value, 465u);
  EXPECT_EQ(settings.encryption.value, Encryption::starttls);
  EXPECT_FALSE(settings.is_opportunistic);
  EXPECT_TRUE(settings.password.is_elsewhere);
  expect_places_are_right(settings, own);
}

TEST(WaypostFile, reads_a_route_by_its_id) {
  const Result<Settings> settings = read(own, Dialect::waypost, "waypost.toml", "partner");
  ASSERT_TRUE(settings) << settings.error().describe();
  EXPECT_EQ(settings->host.value, "2001:db8::25");
  EXPECT_EQ(settings->port.value, 25u);
  EXPECT_TRUE(settings->is_opportunistic);
  EXPECT_EQ(read(own, Dialect::waypost, "waypost.toml", "none").error().code(),
            ErrorCode::not_found);
}

TEST(WaypostFile, says_where_the_text_is_broken) {
  const Result<Settings> settings =
      read("[delivery]\nnext_hop = smtp.example.com:587\n", Dialect::waypost, "waypost.toml");
  ASSERT_FALSE(settings);
  EXPECT_TRUE(settings.error().message().starts_with("waypost.toml:2:"))
      << settings.error().message();
}

TEST(WaypostFile, a_change_is_read_again) {
  expect_change_round_trips(own, Dialect::waypost, {.none = false});
  expect_change_round_trips("[delivery]\nnext_hop = \"a.example:25\"\n", Dialect::waypost,
                            {.user = false});
  expect_change_round_trips("delivery.next_hop = \"a.example:25\"\n", Dialect::waypost,
                            {.user = false});
  expect_change_round_trips("delivery = { next_hop = \"a.example:25\" }\n", Dialect::waypost,
                            {.user = false});
}

}  // namespace
}  // namespace waypost::settings
