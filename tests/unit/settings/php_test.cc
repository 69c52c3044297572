#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/settings/reading.h"

namespace waypost::settings {
namespace {

using testing::HasSubstr;

std::string notices_in(const Settings& settings) {
  std::string all;
  for (const Notice& notice : settings.notices)
    all += std::to_string(notice.place.line) + ": " + notice.text + "\n";
  return all;
}

constexpr std::string_view mailer = R"(<?php
$mail = new PHPMailer(true);
# $mail->Host = 'old.example';
$mail->isSMTP();
$mail->Host       = 'smtp.example.com';
$mail->SMTPAuth   = true;
$mail->Username   = "shop@example.com";
$mail->Password   = 'a\'b\n$c';
$mail->SMTPSecure = PHPMailer::ENCRYPTION_SMTPS;
$mail->Port       = 587;
$mail->SMTPOptions = ['ssl' => ['verify_peer' => false, 'allow_self_signed' => true]];
$mail->setFrom('from@example.com', 'Shop');
)";

TEST(PhpMailer, reads_the_properties) {
  const Settings settings = read_well(mailer, std::nullopt);
  EXPECT_EQ(settings.dialect, Dialect::phpmailer);
  EXPECT_EQ(settings.host.value, "smtp.example.com");
  EXPECT_EQ(settings.host.place.line, 5u);
  EXPECT_EQ(settings.host.place.column, 21u);
  EXPECT_EQ(settings.port.value, 587u);
  EXPECT_EQ(settings.encryption.value, Encryption::implicit);
  EXPECT_EQ(settings.encryption.place.raw, "PHPMailer::ENCRYPTION_SMTPS");
  EXPECT_EQ(settings.user.value, "shop@example.com");
  EXPECT_EQ(settings.password.value.reveal(), "a'b\\n$c");
  EXPECT_EQ(settings.from.value, "from@example.com");
  EXPECT_FALSE(settings.check_certificate.value);
  EXPECT_TRUE(settings.login.value);
  expect_places_are_right(settings, mailer);
}

TEST(PhpMailer, decides_encryption_as_phpmailer_does) {
  const auto read_lines = [](std::string lines) {
    return read_well("$m->Host = 'a.example';\n" + lines, Dialect::phpmailer);
  };
  EXPECT_EQ(read_lines("$m->SMTPSecure = 'tls';").encryption.value, Encryption::starttls);
  EXPECT_EQ(read_lines("$m->SMTPSecure = 'ssl';").encryption.value, Encryption::implicit);
  EXPECT_TRUE(read_lines("").is_opportunistic);
  EXPECT_EQ(read_lines("").port.value, 25u);
  EXPECT_EQ(read_lines("$m->SMTPAutoTLS = false;").encryption.value, Encryption::none);
  EXPECT_TRUE(read_lines("$m->SMTPSecure = $x;").encryption.is_elsewhere);
  EXPECT_EQ(read_lines("$m->Port = getenv('PORT') ?: 587;").port.value, 587u);
  EXPECT_EQ(read_lines("$m->Port = $_ENV['PORT'] ?? 587;").port.variable, "PORT");
  EXPECT_TRUE(read_lines("$m->Port = getenv('PORT');").port.is_elsewhere);
  EXPECT_TRUE(read_lines("$m->Port = $secure ? 465 : 587;").port.is_elsewhere);
  EXPECT_TRUE(read_lines("$m->Password = \"x$y\";").password.is_elsewhere);
}

TEST(PhpMailer, takes_the_first_of_several_hosts_with_its_port_and_encryption) {
  const auto read_host = [](std::string host) {
    return read_well("$m->Host = '" + host + "';\n$m->Port = 26;", Dialect::phpmailer);
  };
  const Settings plain = read_host("a.example;b.example");
  EXPECT_EQ(plain.host.value, "a.example");
  EXPECT_EQ(plain.port.value, 26u);
  const Settings whole = read_host("ssl://a.example:465 ; b.example");
  EXPECT_EQ(whole.host.value, "a.example");
  EXPECT_EQ(whole.port.value, 465u);
  EXPECT_EQ(whole.encryption.value, Encryption::implicit);
  EXPECT_EQ(read_host("tls://a.example").encryption.value, Encryption::starttls);
  EXPECT_EQ(read_host("https://a.example/").host.value, "https://a.example/");
  Change change;
  change.encryption = Encryption::starttls;
  EXPECT_EQ(with_change(whole, change),
            "$m->SMTPSecure = 'tls';\n$m->Host = 'a.example';\n$m->Port = 465;\n");
}

TEST(PhpMailer, tells_that_smtp_is_not_chosen) {
  const auto notices_with = [](std::string lines) {
    return notices_in(read_well("$m->Host = 'a.example';\n" + lines, Dialect::phpmailer));
  };
  for (const std::string line : {"$m->isMail();", "$m->IsSendmail();", "$this->m->isQmail();"})
    EXPECT_THAT(notices_with(line), HasSubstr("2: the mail goes another way with this: ")) << line;
  for (const std::string line :
       {"$m = new PHPMailer(true);", "$m = new \\PHPMailer(); // isSMTP()",
        "$m = new PHPMailer\\PHPMailer\\PHPMailer;", "$m = new \\PHPMailer\\PHPMailer\\PHPMailer;",
        "$this->mailer = new PHPMailer;"})
    EXPECT_THAT(notices_with(line), HasSubstr("2: it is made here: without isSMTP()")) << line;
  for (const std::string line :
       {"", "$m = new PHPMailer; $m->IsSMTP();", "$m = new PHPMailer; $m->Mailer = 'smtp';",
        "if ($x) $m->isMail(); else $m->isSMTP();", "$m = mailer();",
        "use PHPMailer\\PHPMailer\\PHPMailer;"})
    EXPECT_EQ(notices_with(line), "") << line;
  EXPECT_EQ(notices_in(read_well(mailer, std::nullopt)), "");
}

TEST(PhpMailer, a_change_is_read_again) {
  expect_change_round_trips("$m->Host = 'tls://a.example:587;b.example';", Dialect::phpmailer);
  expect_change_round_trips(mailer, Dialect::phpmailer);
  expect_change_round_trips("    $this->mail->Host = 'a.example';", Dialect::phpmailer);
}

TEST(PhpMailer, a_new_line_names_the_same_object) {
  const Settings settings =
      read_well("function send() {\n    $this->mail->Host = 'a.example';\n}", Dialect::phpmailer);
  Change change;
  change.port = 465;
  EXPECT_EQ(with_change(settings, change), "    $this->mail->Port = 465;\n");
}

constexpr std::string_view constants = R"(<?php
define('DB_PASSWORD', 'hidden'); define( 'WPMS_ON', true );
define( 'WPMS_MAILER', 'smtp' );
define( 'WPMS_SMTP_HOST', 'smtp.example.com' );
define( 'WPMS_SMTP_PORT', 465 );
define( 'WPMS_SSL', 'tls' ); // '', 'ssl' or 'tls'
define( 'WPMS_SMTP_AUTH', true );
define( 'WPMS_SMTP_USER', 'shop@example.com' );
define( 'WPMS_SMTP_PASS', 'abcd efgh ijkl mnop' );
)";

constexpr std::string_view exported = R"({
  "mail": {"from_email": "from@example.com", "mailer": "smtp"},
  "smtp": {
    "autotls": true, "auth": true,
    "host": "smtp.example.com", "port": 587, "encryption": "tls",
    "user": "shop@example.com", "pass": "secret"
  }
})";

TEST(WpMailSmtp, reads_the_constants) {
  const Settings settings = read_well(constants, std::nullopt, "wp-config.php");
  EXPECT_EQ(settings.dialect, Dialect::wp_mail_smtp);
  EXPECT_EQ(settings.host.value, "smtp.example.com");
  EXPECT_EQ(settings.port.value, 465u);
  EXPECT_EQ(settings.encryption.value, Encryption::starttls);
  EXPECT_EQ(settings.encryption.place.line, 6u);
  EXPECT_EQ(settings.password.value.reveal(), "abcd efgh ijkl mnop");
  EXPECT_TRUE(settings.login.value);
  expect_places_are_right(settings, constants);
}

TEST(WpMailSmtp, reads_the_export) {
  const Settings settings = read_well(exported, std::nullopt, "wp-mail-smtp.json");
  EXPECT_EQ(settings.dialect, Dialect::wp_mail_smtp);
  EXPECT_EQ(settings.host.value, "smtp.example.com");
  EXPECT_EQ(settings.port.value, 587u);
  EXPECT_EQ(settings.encryption.value, Encryption::starttls);
  EXPECT_EQ(settings.from.value, "from@example.com");
  EXPECT_EQ(settings.password.value.reveal(), "secret");
  expect_places_are_right(settings, exported);
}

TEST(WpMailSmtp, recognises_an_export_without_automatic_tls) {
  const Settings settings = read_well(
      R"({"mail": {"from_email": "from@example.com", "mailer": "smtp"}, "smtp": {"auth": true,
          "host": "smtp.example.com", "port": "587", "encryption": "ssl",
          "user": "shop@example.com", "pass": "secret"}})",
      std::nullopt, "wp-mail-smtp.json");
  EXPECT_EQ(settings.dialect, Dialect::wp_mail_smtp);
  EXPECT_EQ(settings.port.value, 587u);
  EXPECT_EQ(settings.encryption.value, Encryption::implicit);
  EXPECT_EQ(settings.user.value, "shop@example.com");
  EXPECT_TRUE(settings.login.value);
  EXPECT_EQ(recognise(R"({"mail": {"from_email": "a@example.com"},
                          "smtp": {"host": "smtp.example.com", "encryption": "tls"}})",
                      "settings.json"),
            Dialect::wp_mail_smtp);
}

TEST(WpMailSmtp, leaves_other_objects_alone) {
  for (const std::string_view text :
       {R"({"smtp": {"host": "smtp.example.com", "port": 465, "secure": true}})",
        R"({"mail": {"mailer": "smtp"}, "smtp": {"host": "smtp.example.com",
            "auth": {"user": "ann@example.com", "pass": "secret"}}})",
        R"({"mail": {"mailer": "x"}, "smtp": {"host": "smtp.example.com", "secure": false}})"})
    EXPECT_EQ(recognise(text, "settings.json"), Dialect::nodemailer) << text;
}

TEST(WpMailSmtp, tells_a_mailer_that_uses_no_server) {
  const auto notices_with = [](std::string text, std::string_view from, std::string_view to) {
    text.replace(text.find(from), from.size(), to);
    return notices_in(read_well(text, Dialect::wp_mail_smtp));
  };
  const std::string php(constants);
  const std::string json(exported);
  EXPECT_EQ(notices_with(php, "'smtp'", "'smtp'"), "");
  EXPECT_EQ(notices_with(php, "'smtp'", "getenv('MAILER')"), "");
  EXPECT_EQ(notices_with(json, R"("smtp")", R"("smtp")"), "");
  EXPECT_THAT(notices_with(php, "'smtp'", "'mail'"),
              HasSubstr("3: WPMS_MAILER is mail: WP Mail SMTP sends by PHP's mail()"));
  EXPECT_THAT(notices_with(php, "'smtp'", "'sendgrid'"),
              HasSubstr("3: WPMS_MAILER is not smtp: WP Mail SMTP sends another way"));
  EXPECT_THAT(notices_with(json, R"("smtp")", R"("mail")"), HasSubstr("2: mail.mailer is mail: "));
  EXPECT_THAT(notices_with(json, R"("smtp")", R"("gmail")"),
              HasSubstr("2: mail.mailer is not smtp: "));
}

TEST(WpMailSmtp, tells_constants_that_do_not_count) {
  const auto notices_with = [](std::string_view value) {
    std::string text(constants);
    text.replace(text.find("true"), 4, value);
    return notices_in(read_well(text, Dialect::wp_mail_smtp));
  };
  EXPECT_EQ(notices_with("TRUE"), "");
  EXPECT_EQ(notices_with("getenv('ON')"), "");
  for (const std::string_view off : {"false", "'true'", "1"})
    EXPECT_THAT(notices_with(off), HasSubstr("2: WPMS_ON is not true: ")) << off;
  EXPECT_THAT(notices_in(read_well("define('WPMS_SMTP_HOST', 'a.example');", std::nullopt)),
              HasSubstr("0: no WPMS_ON: "));
}

TEST(WpMailSmtp, a_change_is_read_again) {
  expect_change_round_trips(constants, Dialect::wp_mail_smtp);
  expect_change_round_trips(exported, Dialect::wp_mail_smtp);
  expect_change_round_trips("define('WPMS_SMTP_HOST', 'a.example');", Dialect::wp_mail_smtp);
}

}  // namespace
}  // namespace waypost::settings
