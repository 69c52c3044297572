// The dialects that are lines of `key = value`: Django, Laravel, Postfix, our own.
#include <gmock/gmock.h>
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
  EXPECT_EQ(settings.host.value, "localhost");
  EXPECT_EQ(settings.host.variable, "EMAIL_HOST");
  EXPECT_EQ(settings.port.value, 25u);
  EXPECT_FALSE(settings.port.is_written());
  EXPECT_TRUE(settings.encryption.is_elsewhere);
  EXPECT_EQ(settings.encryption.variable, "SSL");
  EXPECT_EQ(settings.password.variable, "PASSWORD");
  EXPECT_EQ(settings.encryption.place.raw, "config('SSL',\n  cast=bool)");
  EXPECT_TRUE(settings.password.is_elsewhere);
  EXPECT_EQ(read_well("EMAIL_HOST = 'a'", Dialect::django).encryption.value, Encryption::none);
}

TEST(Django, takes_what_stands_there_for_a_variable_that_is_not_set) {
  const Settings settings = read_well(
      "EMAIL_HOST = os.getenv('H') or 'mail.example.com'\n"
      "EMAIL_PORT = int(os.environ.get(\"EMAIL_PORT\", \"465\"))\n"
      "EMAIL_USE_SSL = config('SSL', default=True, cast=bool)\n"
      "EMAIL_HOST_USER = env.str('U', default='ann@example.com')\n"
      "EMAIL_HOST_PASSWORD = env('P', 'secret')\n",
      std::nullopt);
  EXPECT_EQ(settings.host.value, "mail.example.com");
  EXPECT_EQ(settings.host.variable, "H");
  EXPECT_EQ(settings.port.value, 465u);
  EXPECT_EQ(settings.encryption.value, Encryption::implicit);
  EXPECT_EQ(settings.user.value, "ann@example.com");
  EXPECT_EQ(settings.password.value.reveal(), "secret");
  EXPECT_TRUE(settings.login.value);
}

TEST(Django, takes_the_default_of_a_reader_of_the_environment_for_no_base) {
  for (const std::string port : {"env.int('EMAIL_PORT', 2500)", "int(env('EMAIL_PORT', 2500), 10)"})
    EXPECT_EQ(
        read_well("EMAIL_HOST = 'a.example'\nEMAIL_PORT = " + port + "\n", std::nullopt).port.value,
        2500u)
        << port;
}

TEST(Django, blanks_around_the_sign_make_no_difference) {
  const std::string text = "EMAIL_HOST='mail.example'\nEMAIL_PORT=465\nEMAIL_USE_SSL=True\n";
  for (const char* file : {"settings.py", "base.py", "local_settings.py"}) {
    const Settings settings = read_well(text, std::nullopt, file);
    EXPECT_EQ(settings.dialect, Dialect::django) << file;
    EXPECT_EQ(settings.host.value, "mail.example") << file;
    EXPECT_EQ(settings.port.value, 465u) << file;
    EXPECT_EQ(settings.encryption.value, Encryption::implicit) << file;
  }
}

TEST(Django, reads_several_at_once) {
  for (const char* text :
       {"EMAIL_HOST, EMAIL_PORT = 'mail.example', 2525\nEMAIL_USE_TLS = True\n",
        "EMAIL_HOST, EMAIL_PORT = ('mail.example', 2525)\nEMAIL_USE_TLS = True\n",
        "EMAIL_HOST, X, EMAIL_PORT='mail.example',f(1, 2),2525\nEMAIL_USE_TLS=True\n"}) {
    const Settings settings = read_well(text, std::nullopt, "settings.py");
    EXPECT_EQ(settings.host.value, "mail.example") << text;
    EXPECT_EQ(settings.port.value, 2525u) << text;
    EXPECT_EQ(settings.encryption.value, Encryption::starttls) << text;
    expect_places_are_right(settings, text);
  }
  const Settings settings =
      read_well("EMAIL_HOST, EMAIL_PORT = server()\n", std::nullopt, "settings.py");
  EXPECT_TRUE(settings.host.is_elsewhere);
  EXPECT_TRUE(settings.port.is_elsewhere);
}

Settings with_switches(const std::string& lines) {
  return read_well("EMAIL_HOST = 'a.example'\n" + lines, Dialect::django);
}

TEST(Django, a_text_is_true_whatever_it_says) {
  for (const std::string text :
       {"'False'", "\"false\"", "r'0'", "'no'", "'True'", "'x'", "os.getenv('TLS', 'False')",
        "os.environ.get(\"TLS\", 'False')", "getenv('TLS', default='0')"}) {
    const Settings tls = with_switches("EMAIL_USE_TLS = " + text + "\n");
    EXPECT_EQ(tls.encryption.value, Encryption::starttls) << text;
    EXPECT_FALSE(tls.encryption.is_elsewhere) << text;
    const bool is_told = text.find("True") == text.npos && text.find('x') == text.npos;
    EXPECT_EQ(tls.notices.size(), is_told ? 1u : 0u) << text;
    const Settings ssl = with_switches("EMAIL_USE_SSL = " + text + "\n");
    EXPECT_EQ(ssl.encryption.value, Encryption::implicit) << text;
  }
  const Settings both = with_switches("EMAIL_USE_TLS = True\nEMAIL_USE_SSL = 'False'\n");
  EXPECT_TRUE(both.other_encryption);
  ASSERT_EQ(both.notices.size(), 1u);
  EXPECT_EQ(both.notices[0].place.line, 3u);
  EXPECT_THAT(both.notices[0].text, testing::HasSubstr("EMAIL_USE_SSL is 'False' in quotes"));
  EXPECT_EQ(with_switches("EMAIL_USE_TLS = os.getenv('TLS', 'False')").encryption.variable, "TLS");
}

TEST(Django, a_text_with_which_something_is_done_is_not_taken_for_true) {
  for (const std::string text :
       {"False", "0", "''", "os.getenv('TLS', '')", "os.getenv('TLS', False)",
        "env.bool('TLS', 'False')", "config('TLS', 'False', cast=bool)",
        "config('TLS', default='False')", "env('TLS', 'False')", "int(os.getenv('TLS', '0'))",
        "strtobool(os.getenv('TLS', 'False'))", "os.getenv('TLS', 'False') == 'True'",
        "os.getenv('TLS', 'False').lower() == 'true'", "'False' == 'True'",
        "bool(int(os.getenv('TLS', '0')))", "not 'True'", "os.getenv('TLS', 'False') \\\n == 'x'",
        "(os.getenv('TLS', 'False')\n == 'True')", "os.getenv('TLS')"}) {
    const Settings settings = with_switches("EMAIL_USE_TLS = " + text + "\n");
    EXPECT_NE(settings.encryption.value, Encryption::starttls) << text;
    EXPECT_TRUE(settings.notices.empty()) << text;
  }
  const Settings later = with_switches(
      "EMAIL_USE_TLS = os.getenv('TLS', 'False')\nEMAIL_USE_TLS = EMAIL_USE_TLS == 'True'\n");
  EXPECT_TRUE(later.encryption.is_elsewhere);
  EXPECT_TRUE(later.notices.empty());
}

TEST(Django, what_a_variable_is_compared_with_is_no_default) {
  for (const std::string text :
       {"os.getenv('TLS', 'False').lower() in ('true', '1', 't')",
        "os.environ.get('TLS', '0') in ['1', 'yes']", "'True' == os.getenv('TLS', 'True')"}) {
    const Settings settings = with_switches("EMAIL_USE_TLS = " + text + "\n");
    EXPECT_TRUE(settings.encryption.is_elsewhere) << text;
    EXPECT_EQ(settings.encryption.variable, "TLS") << text;
  }
}

TEST(Django, tells_a_comma_that_makes_a_tuple) {
  const auto notices_with = [](std::string text) {
    return read_well(text, Dialect::django).notices;
  };
  for (const std::string text : {"EMAIL_HOST = 'a.example',\nEMAIL_PORT = 25\n",
                                 "X = 1\nEMAIL_HOST = os.getenv('H', 'a.example'),  # the host",
                                 "EMAIL_HOST = 'a.example', 'b.example'\n"}) {
    const std::vector<Notice> notices = notices_with(text);
    ASSERT_EQ(notices.size(), 1u) << text;
    EXPECT_EQ(notices[0].place.raw, ",");
    EXPECT_THAT(notices[0].text, testing::HasSubstr("makes a tuple of EMAIL_HOST"));
    EXPECT_EQ(read_well(text, Dialect::django).host.value, "a.example");
  }
  for (const std::string text :
       {"settings.configure(\n    EMAIL_HOST='a.example',\n    EMAIL_PORT=25,\n)\n",
        "EMAIL_HOST, EMAIL_PORT = 'a.example', 25\n", "EMAIL_HOST = ('a.example')\n",
        "EMAIL_HOST = 'a.example'\nEMAIL_TO = 'b@example.com', 'c@example.com'\n",
        "EMAIL_HOST = f('a', 'b')\n", "EMAIL_HOST = 'a.example'; EMAIL_PORT = 25\n"})
    EXPECT_TRUE(notices_with(text).empty()) << text;
}

TEST(Django, tells_a_word_that_python_does_not_have) {
  for (const std::string word : {"true", "false"}) {
    const Settings settings = with_switches("EMAIL_USE_TLS = " + word + "\n");
    ASSERT_EQ(settings.notices.size(), 1u) << word;
    EXPECT_EQ(settings.notices[0].place.raw, word);
    EXPECT_THAT(settings.notices[0].text, testing::HasSubstr(word + " is no word of Python"));
  }
  for (const std::string lines :
       {"EMAIL_USE_TLS = True\n", "true = True\nEMAIL_USE_TLS = true\n",
        "from .base import *\nEMAIL_USE_TLS = true\n", "EMAIL_USE_TLS = 'true'\n",
        "EMAIL_USE_TLS = env.bool('TLS', 'true')\n", "EMAIL_USE_TLS = true()\n"})
    EXPECT_TRUE(with_switches(lines).notices.empty()) << lines;
}

TEST(Django, a_change_is_read_again) {
  expect_change_round_trips("EMAIL_HOST = 'a.example'\nEMAIL_USE_TLS = 'False'\n", Dialect::django);
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

// All of the notices, a line each.
std::string notices_of(const Settings& settings) {
  std::string all;
  for (const Notice& notice : settings.notices)
    all += std::to_string(notice.place.line) + ": " + notice.text + "\n";
  return all;
}

TEST(EnvironmentFile, takes_the_server_from_a_url) {
  const Settings laravels = read_well(
      "MAIL_MAILER=smtp\nMAIL_URL=smtps://ann%40a.example:p%40w@mail.a.example:465\n"
      "MAIL_FROM_ADDRESS=shop@a.example\n",
      std::nullopt, ".env");
  EXPECT_EQ(laravels.host.value, "mail.a.example");
  EXPECT_EQ(laravels.port.value, 465u);
  EXPECT_EQ(laravels.encryption.value, Encryption::implicit);
  EXPECT_EQ(laravels.user.value, "ann@a.example");
  EXPECT_EQ(laravels.password.value.reveal(), "p@w");
  EXPECT_EQ(laravels.from.value, "shop@a.example");
  EXPECT_THAT(notices_of(laravels), testing::HasSubstr("2: the server is taken from MAIL_URL"));
  const Settings symfonys = read_well(
      "MAILER_DSN=\"failover(smtp://one.example smtp://two.example:587)\"\n", std::nullopt, ".env");
  EXPECT_EQ(symfonys.host.value, "one.example");
  EXPECT_EQ(symfonys.port.value, 25u);
  EXPECT_THAT(notices_of(symfonys), testing::HasSubstr("the first that is there"));
  expect_places_are_right(symfonys,
                          "MAILER_DSN=\"failover(smtp://one.example smtp://two.example:587)\"\n");
}

TEST(EnvironmentFile, a_piece_of_a_password_is_never_a_host) {
  for (const char* url :
       {"smtp://ann:Sek#word9@mail.a.example:587", "smtp://ann:Sek?word9@mail.a.example",
        "smtp://ann:Se@k/word9@mail.a.example:587", "smtp://ann@a.example:Sek/word9@mail.a.example",
        "smtp://ann:Sek?word=9@mail.a.example", "smtp://ann:S@ek?word=9@mail.a.example:587",
        "\"smtp://ann:Sek word9@mail.a.example:587\"", "smtp://ann:Sek word9@mail.a.example"}) {
    const Result<Settings> settings =
        read(std::string("MAILER_DSN=") + url + "\n", std::nullopt, ".env");
    ASSERT_FALSE(settings) << url;
    EXPECT_THAT(settings.error().message(), testing::HasSubstr("write %20, %2F")) << url;
    EXPECT_EQ(settings.error().message().find("Se"), std::string::npos) << url;
  }
  for (const char* url :
       {"smtp://ann:pw@mail.a.example?from=ann@a.example",
        "smtp://mail.a.example/?from=a@b.example",
        "failover(smtp://ann:p)w@mail.a.example:587 smtps://b:pw2@other.a.example)",
        "smtp://ann:p)w@mail.a.example:587", "smtp://[::1]:25/?from=a@b.example"}) {
    const Settings settings =
        read_well(std::string("MAILER_DSN=") + url + "\n", std::nullopt, ".env");
    const bool is_v6 = std::string_view(url).find('[') != std::string_view::npos;
    EXPECT_EQ(settings.host.value, is_v6 ? "[::1]" : "mail.a.example") << url;
  }
}

TEST(EnvironmentFile, knows_the_servers_of_symfonys_bridges) {
  struct Row {
    std::string_view url;
    std::string_view host;
    unsigned port;
    std::string_view user;
    std::string_view password;
  };
  const Row rows[] = {
      {"gmail+smtp://ann%40gmail.com:apppw@default", "smtp.gmail.com", 465, "ann@gmail.com",
       "apppw"},
      {"ses+smtp://AKIA:pw@default?region=us-east-1", "email-smtp.us-east-1.amazonaws.com", 465,
       "AKIA", "pw"},
      {"ses+smtp://AKIA:pw@default", "email-smtp.eu-west-1.amazonaws.com", 465, "AKIA", "pw"},
      {"sendgrid+smtp://SG.key@default", "smtp.sendgrid.net", 465, "apikey", "SG.key"},
      {"mailgun+smtp://u:pw@default?region=eu", "smtp.eu.mailgun.org", 587, "u", "pw"},
      {"mailgun+smtp://u:pw@default?region=us", "smtp.mailgun.org", 587, "u", "pw"},
      {"postmark+smtp://token@default", "smtp.postmarkapp.com", 587, "token", "token"},
      {"failover(brevo+smtp://u:pw@default null://null)", "smtp-relay.brevo.com", 465, "u", "pw"},
      {"mailjet+smtp://u:pw@own.example:25", "own.example", 25, "u", "pw"}};
  for (const Row& row : rows) {
    const Settings settings =
        read_well("MAILER_DSN=" + std::string(row.url) + "\n", std::nullopt, ".env");
    EXPECT_EQ(settings.host.value, row.host);
    EXPECT_EQ(settings.port.value, row.port) << row.url;
    EXPECT_EQ(settings.encryption.value == Encryption::implicit, row.port == 465) << row.url;
    EXPECT_EQ(settings.user.value, row.user);
    EXPECT_EQ(settings.password.value.reveal(), row.password);
    EXPECT_EQ(notices_of(settings).find("SG.key"), std::string::npos);
  }
  const auto unknown = read("MAILER_DSN=acme+smtp://u:pw@default\n", std::nullopt, ".env");
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message(), testing::HasSubstr("bridge"));
}

TEST(EnvironmentFile, says_which_of_a_url_and_a_host_counts) {
  const Settings laravels =
      read_well("MAIL_URL=smtp://real.example:587\nMAIL_HOST=old.example\n", std::nullopt, ".env");
  EXPECT_EQ(laravels.host.value, "real.example");
  EXPECT_THAT(notices_of(laravels), testing::HasSubstr("MAIL_URL before MAIL_HOST"));
  const Settings both =
      read_well("MAILER_DSN=smtp://other.example\nMAIL_HOST=mail.example\n", std::nullopt, ".env");
  EXPECT_EQ(both.host.value, "mail.example");
  EXPECT_THAT(notices_of(both), testing::HasSubstr("1: MAILER_DSN, which Symfony reads"));
  EXPECT_EQ(read_well("MAIL_URL=\nMAIL_HOST=mail.example\n", std::nullopt, ".env").host.value,
            "mail.example");
}

TEST(EnvironmentFile, takes_a_url_in_the_place_of_a_server) {
  const Settings settings =
      read_well("EMAIL_SERVER=smtp://ann:pw@mail.example\n", std::nullopt, ".env");
  EXPECT_EQ(settings.host.value, "mail.example");
  EXPECT_EQ(settings.port.value, 587u);
  EXPECT_EQ(settings.password.value.reveal(), "pw");
}

TEST(EnvironmentFile, takes_other_names_and_says_so) {
  const std::string text =
      "DB_HOST=db\nSMTP_HOST=mail.a.example\nSMTP_PORT=465\nSMTP_USER=ann\nSMTP_PASS=pw\n";
  const Settings settings = read_well(text, std::nullopt, ".env");
  EXPECT_EQ(settings.host.value, "mail.a.example");
  EXPECT_EQ(settings.encryption.value, Encryption::implicit);
  EXPECT_EQ(settings.user.value, "ann");
  EXPECT_EQ(settings.password.value.reveal(), "pw");
  EXPECT_THAT(notices_of(settings), testing::HasSubstr("taken are SMTP_HOST"));
  Change change;
  change.host = "other.example";
  change.port = 587;
  EXPECT_EQ(applied(text, edits(settings, change)),
            "DB_HOST=db\nSMTP_HOST=other.example\nSMTP_PORT=587\nSMTP_USER=ann\nSMTP_PASS=pw\n");
}

TEST(EnvironmentFile, invents_no_server) {
  for (const char* text :
       {"APP_NAME=Shop\n", "", "MAIL_FROM_ADDRESS=a@b.example\n", "MAIL_MAILER=log\n",
        "MAILER_DSN=null://null\n", "MAILER_DSN=sendgrid+api://SG.secret@default\n",
        "MAIL_URL=${OTHER}\n", "\xff\xfeM\0A\0"}) {
    const Result<Settings> settings = read(text, std::nullopt, ".env");
    ASSERT_FALSE(settings) << text;
    EXPECT_EQ(settings.error().message().find("secret"), std::string::npos);
  }
  EXPECT_THAT(notices_of(read_well("MAIL_MAILER=smtp\nMAIL_PORT=1025\n", std::nullopt, ".env")),
              testing::HasSubstr("Laravel's default, 127.0.0.1"));
}

TEST(EnvironmentFile, says_that_nothing_is_sent) {
  for (const char* mailer : {"log", "array", "null", "LOG"}) {
    const Settings settings =
        read_well(std::string("MAIL_HOST=a.example\nMAIL_MAILER=") + mailer, std::nullopt, ".env");
    const bool is_null = std::string_view(mailer) == "null";
    EXPECT_EQ(notices_of(settings).find("sends nothing over SMTP") == std::string::npos, is_null)
        << mailer;
  }
  EXPECT_THAT(notices_of(read_well("MAIL_HOST=a\nMAIL_MAILER=ses\n", std::nullopt, ".env")),
              testing::HasSubstr("another way"));
  EXPECT_EQ(notices_of(read_well("MAIL_HOST=a\nMAIL_MAILER=smtp\n", std::nullopt, ".env")), "");
}

TEST(Django, says_which_setting_counts_and_where_nothing_is_sent) {
  const Settings settings = read_well(
      "EMAIL_HOST = 'mail.example'\nif DEBUG:\n    EMAIL_HOST = 'localhost'\n"
      "    EMAIL_BACKEND = 'django.core.mail.backends.console.EmailBackend'\n",
      Dialect::django);
  EXPECT_THAT(notices_of(settings), testing::HasSubstr("3: EMAIL_HOST stands in line 1 as well"));
  EXPECT_THAT(notices_of(settings), testing::HasSubstr("4: this EMAIL_BACKEND prints the mail"));
  EXPECT_EQ(notices_of(read_well("EMAIL_HOST = 'a'\nEMAIL_HOST = 'a'\n", Dialect::django)), "");
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

TEST(Postfix, the_last_of_two_relay_hosts_counts_and_is_told) {
  const Settings settings =
      read_well("relayhost = [old.example]:587\nrelayhost = [new.example]:465\n", Dialect::postfix);
  EXPECT_EQ(settings.host.value, "new.example");
  EXPECT_EQ(settings.port.value, 465u);
  EXPECT_THAT(notices_of(settings), testing::HasSubstr("2: relayhost stands in line 1 as well"));
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

TEST(Postfix, tells_a_port_behind_a_blank_and_several_hosts) {
  const auto notices_with = [](std::string value) {
    return notices_of(read_well("relayhost = " + value + "\n", Dialect::postfix));
  };
  for (const std::string value : {"[a.example] 587", "a.example, 465", "[a.example] submission",
                                  "[a.example]\n 587", "[a.example]: 587"})
    EXPECT_THAT(notices_with(value), testing::HasSubstr("1: relayhost has a blank in front of"))
        << value;
  EXPECT_THAT(notices_with("[a.example]:587, [b.example]:587"),
              testing::HasSubstr("relayhost has several hosts: taken is the first"));
  for (const std::string value : {"[a.example]:587", "[a.example]", "[a.example]:587 ,", "$h 587"})
    EXPECT_EQ(notices_with(value), "") << value;
  Change change;
  change.port = 587;
  EXPECT_EQ(with_change(read_well("relayhost = [a.example] 587\n", Dialect::postfix), change),
            "relayhost = [a.example]:587\n");
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

TEST(Postfix, tells_a_wrapper_mode_without_its_level) {
  const auto notices_with = [](std::string lines) {
    return notices_of(read_well("relayhost = [a.example]:465\n" + lines, Dialect::postfix));
  };
  const std::string wrapper = "smtp_tls_wrappermode = yes\n";
  EXPECT_THAT(notices_with(wrapper), testing::HasSubstr("which is not set here"));
  for (const std::string level : {"none", "may"})
    EXPECT_THAT(notices_with(wrapper + "smtp_tls_security_level = " + level + "\n"),
                testing::HasSubstr("2: smtp_tls_wrappermode = yes needs"))
        << level;
  for (const std::string level : {"encrypt", "verify", "secure", "dane-only", "dane", "$level"})
    EXPECT_EQ(notices_with(wrapper + "smtp_tls_security_level = " + level + "\n"), "") << level;
  EXPECT_EQ(notices_with("smtp_tls_wrappermode = no\n"), "");
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
