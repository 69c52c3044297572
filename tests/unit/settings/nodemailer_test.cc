#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/settings/reading.h"

namespace waypost::settings {
namespace {

constexpr std::string_view transport = R"(import nodemailer from "nodemailer";
const db = { host: "db.example", port: 5432, dialect: "postgres" };
// host: "old.example"
export const transporter = nodemailer.createTransport({
  pool: true,
  host: "smtp.example.com",
  port: 587,
  secure: true, // "true" for 465
  auth: {
    user: 'shop@example.com',
    pass: 'it\'s \u00e9 secret ',
  },
  tls: { ciphers: ["a", "b"], rejectUnauthorized: false },
});
)";

TEST(Nodemailer, says_which_of_several_transports_was_taken) {
  const Settings settings = read_well(
      "const a = nodemailer.createTransport({ host: 'one.example', port: 587 });\n"
      "const b = nodemailer.createTransport({ host: 'two.example', port: 465, secure: true });\n",
      Dialect::nodemailer);
  ASSERT_EQ(settings.notices.size(), 1u);
  EXPECT_EQ(settings.notices[0].place.line, 2u);
  EXPECT_THAT(settings.notices[0].text, testing::HasSubstr("those of line 1 are left out"));
  EXPECT_EQ(settings.host.value, "two.example");
}

TEST(Nodemailer, reads_the_object_of_create_transport) {
  const Settings settings = read_well(transport, std::nullopt);
  EXPECT_EQ(settings.dialect, Dialect::nodemailer);
  EXPECT_EQ(settings.host.value, "smtp.example.com");
  EXPECT_EQ(settings.host.place.line, 6u);
  EXPECT_EQ(settings.host.place.column, 9u);
  EXPECT_EQ(settings.host.place.raw, "\"smtp.example.com\"");
  EXPECT_EQ(settings.port.value, 587u);
  EXPECT_EQ(settings.encryption.value, Encryption::implicit);
  EXPECT_EQ(settings.encryption.place.line, 8u);
  EXPECT_EQ(settings.user.value, "shop@example.com");
  EXPECT_EQ(settings.password.value.reveal(), "it's \xc3\xa9 secret ");
  EXPECT_EQ(settings.password.place.line, 11u);
  EXPECT_FALSE(settings.check_certificate.value);
  EXPECT_TRUE(settings.check_certificate.is_written());
  expect_places_are_right(settings, transport);
}

TEST(Nodemailer, an_environment_variable_is_told_as_not_known) {
  const Settings settings = read_well(
      "nodemailer.createTransport({ host: process.env.SMTP_HOST, port: Number(process.env.PORT || "
      "587),\n secure: process.env.SECURE === 'true', auth: { user, pass: process.env.PASS! } })",
      std::nullopt);
  EXPECT_TRUE(settings.host.is_elsewhere);
  EXPECT_EQ(settings.host.place.raw, "process.env.SMTP_HOST");
  EXPECT_EQ(settings.host.variable, "SMTP_HOST");
  EXPECT_EQ(settings.port.value, 587u);
  EXPECT_EQ(settings.port.variable, "PORT");
  EXPECT_EQ(settings.encryption.value, Encryption::unset);
  EXPECT_TRUE(settings.encryption.is_elsewhere);
  EXPECT_TRUE(settings.password.is_elsewhere);
  EXPECT_EQ(settings.password.place.raw, "process.env.PASS!");
}

TEST(Nodemailer, takes_what_stands_there_for_a_variable_that_is_not_set) {
  const std::string_view text =
      "createTransport({ host: process.env.SMTP_HOST || 'mail.example.com',\n"
      " port: Number(process.env.SMTP_PORT ?? 587), secure: process.env['TLS'] || false,\n"
      " auth: { user: process.env.A || import.meta.env.B || \"ann@example.com\",\n"
      " pass: process.env.PASS ?? 'secret' } })";
  const Settings settings = read_well(text, Dialect::nodemailer);
  EXPECT_EQ(settings.host.value, "mail.example.com");
  EXPECT_TRUE(settings.host.is_known());
  EXPECT_EQ(settings.host.variable, "SMTP_HOST");
  EXPECT_EQ(settings.host.place.raw, "'mail.example.com'");
  EXPECT_EQ(settings.port.value, 587u);
  EXPECT_EQ(settings.encryption.value, Encryption::starttls);
  EXPECT_EQ(settings.user.value, "ann@example.com");
  EXPECT_EQ(settings.user.variable, "A");
  EXPECT_EQ(settings.password.value.reveal(), "secret");
  EXPECT_EQ(settings.password.place.raw, "");
  expect_places_are_right(settings, text);
  // The variable stays.
  Change change;
  change.host = "other.example.com";
  EXPECT_THAT(applied(std::string(text), edits(settings, change)),
              testing::HasSubstr("host: process.env.SMTP_HOST || 'other.example.com',"));
}

TEST(Nodemailer, takes_no_base_of_a_number_for_a_port) {
  for (const char* port :
       {"parseInt(process.env.P || '2525', 10)", "parseInt(process.env.P ?? 2525)",
        "Number.parseInt(process.env.P || \"2525\", 10)"}) {
    const Settings settings =
        read_well(std::string("createTransport({ host: 'a.example', port: ") + port + " })",
                  Dialect::nodemailer);
    EXPECT_EQ(settings.port.value, 2525u) << port;
  }
  const Settings open =
      read_well("createTransport({ host: 'a.example', port: parseInt(process.env.P, 10) })",
                Dialect::nodemailer);
  EXPECT_FALSE(open.port.is_known());
}

TEST(Nodemailer, takes_no_other_literal_of_an_expression) {
  for (const char* expression :
       {"process.env.H === 'a.example'", "config.host || 'a.example'", "pick('a', 'a.example')",
        "process.env.A + 'a.example'", "`${process.env.H}`", "process.env.H || other"}) {
    const Settings settings =
        read_well(std::string("createTransport({ service: 'x', host: ") + expression + " })",
                  Dialect::nodemailer);
    EXPECT_TRUE(settings.host.is_elsewhere) << expression;
  }
}

TEST(Nodemailer, reads_a_literal_that_goes_on_behind_a_backslash) {
  const Settings settings = read_well(
      "createTransport({ host: 'mail.\\\nexample.com', port: 465, auth: { user: \"a\\\r\nb\" } })",
      Dialect::nodemailer);
  EXPECT_EQ(settings.host.value, "mail.example.com");
  EXPECT_EQ(settings.user.value, "ab");
}

TEST(Nodemailer, logs_in_with_a_token_that_stands_there) {
  const Settings settings = read_well(
      "createTransport({ host: 'mail.example.com', auth: { type: 'OAuth2', user: 'ann', "
      "accessToken: 'ya29.token' } })",
      Dialect::nodemailer);
  EXPECT_EQ(settings.mechanism.value, "OAuth2");
  EXPECT_EQ(settings.password.value.reveal(), "ya29.token");
}

TEST(Nodemailer, decides_encryption_as_nodemailer_does) {
  const auto read_options = [](std::string options) {
    return read_well("createTransport({ host: 'smtp.example.com', " + options + " })",
                     Dialect::nodemailer);
  };
  EXPECT_EQ(read_options("port: 465").encryption.value, Encryption::implicit);
  EXPECT_EQ(read_options("port: 465, secure: false").encryption.value, Encryption::starttls);
  EXPECT_TRUE(read_options("port: 587, secure: false").is_opportunistic);
  EXPECT_FALSE(read_options("port: 587, requireTLS: true").is_opportunistic);
  EXPECT_EQ(read_options("ignoreTLS: true").encryption.value, Encryption::none);
  EXPECT_EQ(read_options("secure: true").port.value, 465u);
  EXPECT_EQ(read_options("secure: false").port.value, 587u);
  EXPECT_EQ(read_options("port: '578'").port.value, 578u);
}

Settings read_options(const std::string& options) {
  return read_well("createTransport({ host: 'smtp.example.com', port: 587, " + options + " })",
                   Dialect::nodemailer);
}

TEST(Nodemailer, a_text_is_true_whatever_it_says) {
  for (const std::string text :
       {"'false'", "\"false\"", "`0`", "process.env.TLS || 'false'", "process.env.TLS ?? 'no'"}) {
    const Settings settings = read_options("secure: " + text);
    EXPECT_EQ(settings.encryption.value, Encryption::implicit) << text;
    ASSERT_EQ(settings.notices.size(), 1u) << text;
    EXPECT_THAT(settings.notices[0].text, testing::HasSubstr("secure is '")) << text;
  }
  EXPECT_TRUE(read_options("secure: 'true'").notices.empty());
  EXPECT_EQ(read_options("secure: 'true'").encryption.value, Encryption::implicit);
  for (const std::string text :
       {"false", "''", "0", "process.env.TLS || false", "process.env.TLS === 'true'",
        "JSON.parse(process.env.TLS || 'false')", "(process.env.TLS || 'false') === 'true'",
        "!'false'", "'false' === 'true'", "options.TLS || 'false'"}) {
    const Settings settings = read_options("secure: " + text);
    EXPECT_NE(settings.encryption.value, Encryption::implicit) << text;
    EXPECT_TRUE(settings.notices.empty()) << text;
  }
}

TEST(Nodemailer, tells_a_login_under_names_that_it_does_not_know) {
  const Settings both = read_options("auth: { username: 'ann@example.com', password: 'secret' }");
  ASSERT_EQ(both.notices.size(), 2u);
  EXPECT_THAT(both.notices[0].text, testing::HasSubstr("auth.username is no name of Nodemailer's"));
  EXPECT_THAT(both.notices[1].text, testing::HasSubstr("which takes auth.pass: "));
  EXPECT_EQ(both.notices[1].place.raw, "");
  EXPECT_FALSE(both.login.value);
  for (const std::string auth :
       {"{ user: 'ann', pass: 'secret' }", "{ user: 'ann', pass: 'secret', username: 'ann' }",
        "{ type: 'custom', method: 'X', username: 'ann', password: 'secret' }", "{ user, pass }"})
    EXPECT_TRUE(read_options("auth: " + auth).notices.empty()) << auth;
}

TEST(Nodemailer, reads_a_service_json_and_a_nested_object) {
  const Settings service =
      read_well("createTransport({ service: 'gmail', auth: { user: 'a', pass: 'b' } })", {});
  EXPECT_EQ(service.service.value, "gmail");
  EXPECT_FALSE(service.host.is_written());
  const Settings json = read_well(
      R"({"mail": {"host": "smtp.example.com", "port": 465, "auth": {"user": "u", "pass": "p"}}})",
      std::nullopt);
  EXPECT_EQ(json.dialect, Dialect::nodemailer);
  EXPECT_EQ(json.host.value, "smtp.example.com");
  EXPECT_EQ(json.user.value, "u");
}

TEST(Nodemailer, reads_a_url) {
  constexpr std::string_view text =
      "const t = createTransport('smtps://shop%40example.com:p%20w@smtp.example.com:465/?pool=1')";
  const Settings settings = read_well(text, std::nullopt);
  EXPECT_EQ(settings.host.value, "smtp.example.com");
  EXPECT_EQ(settings.port.value, 465u);
  EXPECT_EQ(settings.encryption.value, Encryption::implicit);
  EXPECT_EQ(settings.user.value, "shop@example.com");
  EXPECT_EQ(settings.password.value.reveal(), "p w");
  expect_places_are_right(settings, text);
  Change change;
  change.port = 587;
  change.encryption = Encryption::starttls;
  EXPECT_EQ(with_change(settings, change),
            "const t = createTransport('smtp://shop%40example.com:[hidden]@smtp.example.com:587/"
            "?pool=1')\n");
}

TEST(Nodemailer, a_change_is_read_again) {
  expect_change_round_trips(transport, Dialect::nodemailer);
  expect_change_round_trips(
      "createTransport({ host: 'a.example', auth: { user: 'u', pass: 'secret' } })",
      Dialect::nodemailer);
  expect_change_round_trips("createTransport('smtp://u:secret@a.example')", Dialect::nodemailer,
                            {.none = false});
  expect_change_round_trips(
      R"({"host": "a.example", "port": 25, "auth": {"user": "u", "pass": "secret"}})",
      Dialect::nodemailer);
}

TEST(Nodemailer, shows_no_secret_of_the_same_line) {
  const Settings settings = read_well(
      "createTransport({ host: 'a.example', port: 465, auth: { user: 'u', pass: 'hunter2', "
      "clientSecret: 'other' } }) // hunter2",
      std::nullopt);
  Change change;
  change.port = 587;
  EXPECT_EQ(with_change(settings, change),
            "createTransport({ host: 'a.example', port: 587, auth: { user: 'u', pass: [hidden], "
            "clientSecret: [hidden] } }) // [hidden]\n");
}

TEST(Nodemailer, says_where_a_quote_is_not_closed) {
  const Result<Settings> settings =
      read("createTransport({\n  host: 'smtp.example.com,\n  port: 587 })", Dialect::nodemailer,
           "mail.js");
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().message(), "mail.js:2:9: the quote that opens here is not closed");
}

TEST(Nodemailer, columns_count_characters) {
  const Settings settings =
      read_well("createTransport({ name: '\xc3\xa9\xf0\x9f\x93\xac', host: 'a.example' })", {});
  EXPECT_EQ(settings.host.place.column, 37u);
  EXPECT_EQ(settings.host.place.offset, 40u);
}

TEST(Nodemailer, deep_nesting_ends) {
  std::string text = "createTransport({ host: 'a.example', x: ";
  for (int i = 0; i < 100'000; ++i) text += "{ y: ";
  const Settings settings = read_well(text, Dialect::nodemailer);
  EXPECT_EQ(settings.host.value, "a.example");
}

}  // namespace
}  // namespace waypost::settings
