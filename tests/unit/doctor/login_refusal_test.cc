#include "doctor/login_refusal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "classify/reply_class.h"
#include "doctor/refusal.h"
#include "tests/unit/doctor/filled.h"

namespace waypost::doctor {
namespace {

using testing::HasSubstr;

smtp::Reply reply_of(std::string_view text) {
  smtp::ReplyReader reader;
  std::string octets(text);
  octets += "\r\n";
  EXPECT_TRUE(reader.feed(octets));
  EXPECT_TRUE(reader.complete()) << text;
  return reader.take();
}

LoginFacts facts_at(std::string provider, std::string user = "ann@example.com") {
  LoginFacts facts;
  facts.host = "smtp.example.com";
  facts.port = "587";
  facts.provider = std::move(provider);
  facts.user = std::move(user);
  facts.mechanism = "PLAIN";
  return facts;
}

struct Said {
  std::string_view provider;
  std::string_view text;
  std::string_view id;
  bool temporary = false;
};

class RefusedLogins : public testing::TestWithParam<Said> {};

TEST_P(RefusedLogins, are_what_their_words_say) {
  const Said& said = GetParam();
  Finding finding = judge_login(reply_of(said.text), facts_at(std::string(said.provider)));
  EXPECT_EQ(finding.id, said.id) << said.text << "\n" << testing::PrintToString(finding.notes);
  EXPECT_EQ(finding.temporary, said.temporary) << said.text;
  EXPECT_FALSE(finding.observed.empty());
  EXPECT_FALSE(finding.fixes.empty());
  expect_filled(finding);
}

INSTANTIATE_TEST_SUITE_P(
    Replies, RefusedLogins,
    testing::Values(
        // Google
        Said{"google",
             "534-5.7.9 Application-specific password required. For more information, go to\r\n"
             "534 5.7.9  https://support.google.com/mail/?p=InvalidSecondFactor d9 - gsmtp",
             "M4006"},
        Said{"google",
             "534-5.7.14 <https://accounts.google.com/signin/continue?sarp=1> Please log in via\r\n"
             "534-5.7.14 your web browser and then try again.\r\n"
             "534 5.7.14  https://support.google.com/mail/answer/78754 d9 - gsmtp",
             "M4016"},
        Said{"google",
             "535-5.7.8 Username and Password not accepted. For more information, go to\r\n"
             "535 5.7.8  https://support.google.com/mail/?p=BadCredentials d9 - gsmtp",
             "M4001"},
        Said{"",
             "535-5.7.8 Username and Password not accepted. For more information, go to\r\n"
             "535 5.7.8  https://support.google.com/mail/?p=BadCredentials d9 - gsmtp",
             "M4001"},
        Said{"google", "454 4.7.0 Too many login attempts, please try again later. d9 - gsmtp",
             "M4009", true},
        Said{"google", "504 5.7.4 Unrecognized Authentication Type. d9 - gsmtp", "M4005"},
        // Microsoft
        Said{"microsoft",
             "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for "
             "the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information. "
             "[LO2P265CA0001.GBRP265.PROD.OUTLOOK.COM]",
             "M4012"},
        Said{"microsoft",
             "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for "
             "the Mailbox. Visit https://aka.ms/smtp_auth_disabled for more information.",
             "M4013"},
        Said{"microsoft", "535 5.7.8 SmtpClientAuthentication is disabled for the mailbox",
             "M4013"},
        Said{"microsoft",
             "535 5.7.139 Authentication unsuccessful, basic authentication is disabled. "
             "[LO2P265CA0001.GBRP265.PROD.OUTLOOK.COM]",
             "M4014"},
        Said{"microsoft", "550 5.7.30 Basic authentication is not supported for Client Submission.",
             "M4014"},
        Said{"microsoft",
             "535 5.7.139 Authentication unsuccessful, user is locked by your organization's "
             "security defaults policy. Contact your administrator.",
             "M4015"},
        Said{"microsoft",
             "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be "
             "authenticated successfully. Contact your administrator.",
             "M4015"},
        Said{"microsoft",
             "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect. "
             "[LO2P265CA0001.GBRP265.PROD.OUTLOOK.COM]",
             "M4001"},
        Said{"microsoft",
             "535 5.7.3 Authentication unsuccessful [LO2P265CA0001.GBRP265.PROD.OUTLOOK.COM]",
             "M4001"},
        Said{"microsoft", "454 4.7.0 Temporary authentication failure", "M4008", true},
        Said{"microsoft",
             "535 5.7.139 Authentication unsuccessful, the user has been blocked from signing in.",
             "M4010"},
        Said{"microsoft", "535 5.7.139 Authentication unsuccessful, user is locked.", "M4010"},
        Said{"microsoft",
             "535 5.7.139 Authentication unsuccessful, multi-factor authentication is required for "
             "this user. Contact your administrator.",
             "M4015"},
        // Others with app passwords
        Said{"yahoo", "535 5.7.0 (#MBR1212) Incorrect username or password entered.", "M4001"},
        Said{"apple", "535 5.7.8 Error: authentication failed: authentication failure", "M4001"},
        Said{"zoho", "535 Authentication Failed", "M4001"},
        Said{"fastmail", "535 5.7.0 Incorrect username or password.", "M4001"},
        Said{"mailru", "535 5.7.0 NEOBHODIM parol prilozheniya / Application password is REQUIRED",
             "M4006"},
        // Switched off in the account
        Said{"yandex",
             "535 5.7.8 Error: authentication failed: This user does not have access rights to "
             "this service",
             "M4031"},
        Said{"netease", "550 User has no permission", "M4031"},
        Said{"gmx", "535 5.7.0 Authentication failed. Please enable POP3/IMAP access", "M4031"},
        Said{"yandex", "535 5.7.8 Error: authentication failed: Invalid user or password!",
             "M4001"},
        Said{"netease", "535 Error: authentication failed", "M4001"},
        Said{"gmx", "535 Authentication credentials invalid", "M4001"},
        Said{"", "535 5.7.8 SMTP access is disabled for this account", "M4031"},
        Said{"zoho",
             "554 5.7.8 Error: authentication failed: Invalid login or password. Access to SMTP "
             "has been restricted",
             "M4031"},
        // Words that say more than a provider's own rule does
        Said{"zoho", "535 5.7.8 Authentication failed: Application-specific password required",
             "M4006"},
        Said{"fastmail", "535 5.7.0 Sorry, you need to create an app password to use this service",
             "M4006"},
        Said{"sendgrid", "535 Authentication failed: account disabled", "M4010"},
        Said{"mailjet",
             "535 5.7.0 Authentication failed: your account has been temporarily blocked", "M4010"},
        Said{"mailru", "535 5.7.0 Authentication failed: account is blocked", "M4010"},
        Said{"microsoft",
             "535 5.7.139 Authentication unsuccessful, user account is disabled. "
             "[AM0PR01MB0001.eurprd01.prod.outlook.com]",
             "M4010"},
        Said{"mailru",
             "535 Authentication failed. Please verify your account by going to "
             "https://e.mail.ru/login?email=ann@mail.ru",
             "M4016"},
        Said{"", "535 Too many authentication failures; try again later", "M4009", true},
        Said{"", "421 4.7.0 Too many failed login attempts, your IP is banned", "M4009", true},
        Said{"", "535 5.7.8 Konto gesperrt, bitte wenden Sie sich an den Administrator", "M4010"},
        // Relay services
        Said{"sendgrid", "535 Authentication failed: Bad username / password", "M4018"},
        Said{"sendgrid",
             "535 Authentication failed: The provided authorization grant is invalid, expired, or "
             "revoked",
             "M4018"},
        Said{"sendgrid", "451 Authentication failed: Maximum credits exceeded", "M5015", true},
        Said{"mailgun", "535 5.7.0 Mailgun is not loving your login or password", "M4018"},
        Said{"postmark", "535 5.7.8 Error: authentication failed: ", "M4018"},
        Said{"brevo", "535 5.7.8 Authentication failed", "M4018"},
        Said{"brevo", "525 5.7.1 Unauthorized IP address 192.0.2.10", "M4026"},
        Said{"mailjet", "535 5.7.8 Authentication failed", "M4018"},
        Said{"ses", "535 Authentication Credentials Invalid", "M4021"},
        // Servers
        Said{"", "535 5.7.8 Error: authentication failed: (reason unavailable)", "M4001"},
        Said{"", "535 Incorrect authentication data", "M4001"},
        Said{"", "535 Authentication failed", "M4001"},
        Said{"",
             "454 4.7.0 Temporary authentication failure: Connection lost to authentication "
             "server",
             "M4008", true},
        Said{"", "454 4.7.0 Temporary authentication failure", "M4008", true},
        Said{"", "421 4.7.0 Too many errors, closing connection", "M4008", true},
        Said{"", "535 5.7.8 Authentication failed: account is locked", "M4010"},
        Said{"", "535 5.7.8 Too many failed logins; your account is locked", "M4010"},
        Said{"", "571 5.7.1 Rule 7G refuses this", "M4024"},
        Said{"", "525 5.7.13 User account disabled", "M4010"},
        Said{"", "538 5.7.11 Encryption required for requested authentication mechanism", "M4027"},
        Said{"", "530 5.7.0 Must issue a STARTTLS command first", "M4027"},
        Said{"", "504 5.5.4 Unrecognized authentication type", "M4005"},
        Said{"", "503 5.5.1 Error: authentication not enabled", "M4004"},
        // What says more than that it is wrong, whoever says it
        Said{"yahoo", "535 5.7.0 (#AUTH005) Too many bad auth attempts.", "M4009", true},
        Said{"", "535 5.7.8 Error: authentication failed: Connection lost to authentication server",
             "M4008", true},
        Said{"", "535 5.7.8 Error: authentication failed: Invalid authentication mechanism",
             "M4005"},
        Said{"", "535 5.7.8 Error: authentication failed: generic failure", "M4008", true},
        Said{"", "535 5.7.8 LDAP server is unreachable", "M4008", true},
        Said{"microsoft",
             "535 5.7.139 Authentication unsuccessful, the user's password has expired.", "M4032"},
        Said{"", "535 5.7.8 Password expired", "M4032"},
        Said{"", "535 5.7.8 Your account has no SMTP license", "M4031"},
        Said{"naver", "535 5.7.1 [KR] POP3/SMTP not enabled. Please enable", "M4031"},
        Said{"sendgrid", "550 Unauthorized: IP not whitelisted / Access denied", "M4026"},
        Said{"", "535 5.7.8 Access denied from your region", "M4026"},
        Said{"", "535 the email account is frozen", "M4010"},
        Said{"", "535 5.7.8 Your subscription has expired", "M4010"},
        Said{"infomaniak", "535 5.7.1 Invalid credentials, 2fa device password needed", "M4006"},
        Said{"", "535 5.7.8 Unusual sign-in activity; verify your account in a browser", "M4016"},
        Said{"", "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6", "M4001"},
        Said{"ses",
             "554 Access denied: User `arn:aws:iam::1:user/x' is not authorized to perform "
             "`ses:SendRawEmail' on resource",
             "M4021"},
        Said{"", "550 5.9.9 the moon is in the wrong house", "M4024"},
        Said{"", "451 4.9.9 the moon is in the wrong house", "M4008", true}));

TEST(RefusedLogin, with_a_bare_name_wants_the_other_form) {
  smtp::Reply reply = reply_of("535 5.7.8 Error: authentication failed");
  Finding anywhere = judge_login(reply, facts_at("", "ann"));
  EXPECT_EQ(anywhere.id, "M4002");
  EXPECT_EQ(anywhere.confidence, Confidence::possible);
  ASSERT_FALSE(anywhere.notes.empty());
  expect_filled(anywhere);
  Finding gmail = judge_login(reply, facts_at("google", "ann"));
  EXPECT_EQ(gmail.id, "M4002");
  EXPECT_EQ(gmail.confidence, Confidence::likely);
  EXPECT_EQ(gmail.fixes[0].set.at("user"), "ann@gmail.com");
}

TEST(RefusedLogin, with_a_bare_name_is_still_what_the_words_say) {
  EXPECT_EQ(judge_login(reply_of("535 5.7.139 Authentication unsuccessful, "
                                 "SmtpClientAuthentication is disabled for the Tenant."),
                        facts_at("microsoft", "ann"))
                .id,
            "M4012");
}

TEST(RefusedLogin, names_the_user_that_a_key_service_wants) {
  smtp::Reply reply = reply_of("535 Authentication failed: Bad username / password");
  Finding wrong = judge_login(reply, facts_at("sendgrid", "ann@example.com"));
  EXPECT_EQ(wrong.confidence, Confidence::certain);
  EXPECT_EQ(wrong.fixes[0].set.at("user"), "apikey");
  Finding right = judge_login(reply, facts_at("sendgrid", "apikey"));
  EXPECT_EQ(right.confidence, Confidence::likely);
  EXPECT_FALSE(right.fixes[0].set.contains("user"));
}

TEST(RefusedLogin, looks_at_the_form_of_the_password) {
  smtp::Reply reply = reply_of(
      "535-5.7.8 Username and Password not accepted.\r\n"
      "535 5.7.8 https://support.google.com/mail/?p=BadCredentials");
  LoginFacts facts = facts_at("google", "ann@gmail.com");
  facts.password = shape_of("abcd efgh ijkl mnop");
  Finding grouped = judge_login(reply, facts);
  EXPECT_EQ(grouped.id, "M4007");
  expect_filled(grouped);
  facts.password = shape_of("secret ");
  Finding spaced = judge_login(reply, facts);
  EXPECT_EQ(spaced.id, "M4020");
  expect_filled(spaced);
  EXPECT_EQ(spaced.parameters.at("seen"), "a space at its end");
  facts.user = "ann@gmail.com ";
  EXPECT_EQ(judge_login(reply, facts).id, "M1009");
}

TEST(RefusedLogin, leads_to_app_passwords_where_the_provider_wants_them) {
  smtp::Reply reply = reply_of("535 5.7.8 Error: authentication failed");
  EXPECT_THAT(judge_login(reply, facts_at("apple")).notes, testing::Contains(HasSubstr("M4006")));
  EXPECT_THAT(judge_login(reply, facts_at("")).notes,
              testing::Not(testing::Contains(HasSubstr("M4006"))));
}

TEST(RefusedLogin, of_too_many_speaks_of_no_app_password) {
  const Finding found =
      judge_login(reply_of("454 4.7.0 Too many login attempts, please try again later. d9 - gsmtp"),
                  facts_at("google"));
  EXPECT_EQ(found.id, "M4009");
  for (const std::string& note : found.notes)
    EXPECT_THAT(note, testing::Not(HasSubstr("app password")));
}

TEST(RefusedLogin, is_not_sure_of_a_code_that_its_words_contradict) {
  const Finding wrong = judge_login(reply_of("454 4.7.0 Invalid login credentials"), facts_at(""));
  EXPECT_EQ(wrong.id, "M4008");
  EXPECT_EQ(wrong.confidence, Confidence::possible);
  ASSERT_FALSE(wrong.notes.empty());
  EXPECT_THAT(wrong.notes.back(), HasSubstr("M4001"));
  const Finding down =
      judge_login(reply_of("454 4.7.0 Temporary authentication failure"), facts_at(""));
  for (const std::string& note : down.notes) EXPECT_THAT(note, testing::Not(HasSubstr("M4001")));
}

TEST(RefusedLogin, leads_to_the_settings_of_an_account_that_may_be_shut) {
  smtp::Reply reply = reply_of("535 Authentication credentials invalid");
  LoginFacts facts = facts_at("gmx", "ann@web.de");
  EXPECT_THAT(judge_login(reply, facts).notes, testing::Not(testing::Contains(HasSubstr("M4031"))));
  facts.host = "smtp.web.de";
  EXPECT_THAT(judge_login(reply, facts).notes, testing::Contains(HasSubstr("M4031")));
}

TEST(RefusedLogin, of_a_personal_microsoft_account_wants_oauth) {
  Finding finding = judge_login(reply_of("535 5.7.3 Authentication unsuccessful"),
                                facts_at("microsoft", "ann@hotmail.co.uk"));
  EXPECT_EQ(finding.id, "M4014");
}

TEST(RefusedLogin, of_a_listed_mechanism_leads_to_another_one) {
  LoginFacts facts = facts_at("");
  facts.mechanisms = "PLAIN, LOGIN, XOAUTH2";
  for (const char* words :
       {"534 5.7.9 Authentication mechanism is too weak",
        "504 5.5.4 Unrecognized authentication type", "502 5.5.1 AUTH not implemented"}) {
    const Finding finding = judge_login(reply_of(words), facts);
    EXPECT_EQ(finding.id, "M4034") << words;
    EXPECT_EQ(finding.parameters.at("seen"), "LOGIN");
    expect_filled(finding);
  }
  facts.mechanisms = "PLAIN, XOAUTH2";
  const Finding alone = judge_login(reply_of("504 5.5.4 Unrecognized authentication type"), facts);
  for (const Fix& fix : alone.fixes) EXPECT_NE(fix.id, "client") << "there is no other";
}

TEST(PasswordShape, sees_what_copying_leaves_behind) {
  EXPECT_EQ(shape_of(" a").at_its_ends(), "a space at its beginning");
  EXPECT_EQ(shape_of("a\t").at_its_ends(), "a space at its end");
  EXPECT_EQ(shape_of(" a ").at_its_ends(), "a space at its beginning and at its end");
  EXPECT_EQ(shape_of("a\r\n").at_its_ends(), "a line end at its end");
  EXPECT_EQ(shape_of("a b").at_its_ends(), "");
  EXPECT_TRUE(shape_of("abcd efgh ijkl mnop").in_groups);
  EXPECT_FALSE(shape_of("abcd efgh ijkl mno").in_groups);
  EXPECT_FALSE(shape_of("abcdefghijklmnop").in_groups);
  EXPECT_FALSE(shape_of("abc  efgh ijkl mnop").in_groups);
}

// What rules/checks name in rules/replies must be there.
TEST(Checks, name_rules_and_classes_of_replies_that_exist) {
  const classify::RuleBook& book = shipped_classifier().book();
  for (const checks::Check& check : checks::shipped_catalogue().all()) {
    for (const std::string& rule : check.rules)
      EXPECT_NE(book.rule(rule), nullptr) << check.id << " names " << rule;
    for (const std::string& name : check.classes)
      EXPECT_TRUE(classify::parse_reply_class(name).has_value()) << check.id << " names " << name;
  }
}

TEST(Providers, are_known_by_name_and_by_host) {
  EXPECT_EQ(provider_of("gmail", "mail.example.com"), "google");
  EXPECT_EQ(provider_of("", "smtp.office365.com"), "microsoft");
  EXPECT_EQ(provider_of("", "smtp.gmail.com"), "google");
  EXPECT_EQ(provider_of("", "smtp.mail.yahoo.com"), "yahoo");
  EXPECT_EQ(provider_of("", "smtp.mail.me.com"), "apple");
  EXPECT_EQ(provider_of("", "smtp.zoho.eu"), "zoho");
  EXPECT_EQ(provider_of("", "email-smtp.eu-west-1.amazonaws.com"), "ses");
  EXPECT_EQ(provider_of("", "email-smtp.eu-north-1.amazonaws.com"), "ses");
  EXPECT_EQ(provider_of("", "smtp.sendgrid.net"), "sendgrid");
  EXPECT_EQ(provider_of("", "smtp.mailgun.org"), "mailgun");
  EXPECT_EQ(provider_of("", "smtp.postmarkapp.com"), "postmark");
  EXPECT_EQ(provider_of("", "smtp.fastmail.com"), "fastmail");
  EXPECT_EQ(provider_of("", "smtp-relay.brevo.com"), "brevo");
  EXPECT_EQ(provider_of("", "in-v3.mailjet.com"), "mailjet");
  EXPECT_EQ(provider_of("", "mail.example.com"), "");
}

}  // namespace
}  // namespace waypost::doctor
