#include "settings/remarks.h"

#include <gtest/gtest.h>

#include "tests/unit/settings/reading.h"

namespace waypost::settings {
namespace {

using Kind = Remark::Kind;

std::vector<Remark> remarks_on(std::string_view text) {
  return remarks(read_well(text, Dialect::laravel), known_providers());
}

TEST(Remarks, good_settings_have_none) {
  EXPECT_TRUE(remarks_on("MAIL_HOST=smtp.gmail.com\nMAIL_PORT=587\nMAIL_USERNAME=a@gmail.com\n"
                         "MAIL_PASSWORD=abcdefghijklmnop\nMAIL_ENCRYPTION=tls")
                  .empty());
  EXPECT_TRUE(remarks_on("MAIL_HOST=mail.example.com\nMAIL_PORT=2525\nMAIL_USERNAME=me\n"
                         "MAIL_PASSWORD='with space inside'")
                  .empty());
}

TEST(Remarks, invisible_characters_are_named_with_their_place) {
  const auto found = remarks_on(
      "MAIL_HOST=\"smtp.\xe2\x80\x8b"
      "example.com \"\nMAIL_PORT=587");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].finding, "M1009");
  EXPECT_EQ(found[0].detail, "zero width space (U+200B) at character 6");
  EXPECT_EQ(found[0].change.host, "smtp.example.com");
  EXPECT_EQ(found[0].place.line, 1u);
  EXPECT_EQ(remark_on_host("'smtp.example.com'", {})->detail, "the quotes are part of the value");
  const auto user = remarks_on("MAIL_HOST=mail.example.com\nMAIL_USERNAME=\"me@example.com \"");
  ASSERT_EQ(user.size(), 1u);
  EXPECT_EQ(user[0].change.user, "me@example.com");
}

TEST(Remarks, what_was_pasted_into_the_host_is_taken_apart) {
  struct Row {
    std::string_view written;
    std::string_view host;
    std::optional<unsigned> port;
  };
  const Row rows[] = {{"https://smtp.example.com/", "smtp.example.com", std::nullopt},
                      {"smtp://me:pw@smtp.example.com:587", "smtp.example.com", 587},
                      {"smtp://me:p@ss/w@smtp.example.com:587", "smtp.example.com", 587},
                      {"ssl://smtp.example.com", "smtp.example.com", std::nullopt},
                      {"me@smtp.example.com", "smtp.example.com", std::nullopt},
                      {"smtp.example.com:465", "smtp.example.com", 465},
                      {"smtp.example.com/mail", "smtp.example.com", std::nullopt}};
  for (const Row& row : rows) {
    const auto found = remark_on_host(row.written, {});
    ASSERT_TRUE(found) << row.written;
    EXPECT_EQ(found->finding, "M1014");
    EXPECT_EQ(found->change.host, row.host);
    EXPECT_EQ(found->change.port, row.port) << row.written;
  }
  EXPECT_FALSE(remark_on_host("2001:db8::1", {}));
  EXPECT_FALSE(remark_on_host("smtp.example.com", known_providers()));
  EXPECT_EQ(remark_on_host("smtp.gmial.com", known_providers())->change.host, "smtp.gmail.com");
}

TEST(Remarks, of_several_hosts_it_is_told_which_counts) {
  const auto found =
      remarks(read_well("$m->Host = 'tls://mail.a.test:587;b.test';", Dialect::phpmailer), {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, Kind::several_hosts);
  EXPECT_EQ(found[0].detail, "of which the first is taken: mail.a.test");
}

TEST(Remarks, a_password_pasted_with_the_host_is_not_shown) {
  const Settings settings =
      read_well("MAIL_HOST=smtp://me:hunter2@smtp.example.com\nMAIL_PORT=587", Dialect::laravel);
  const auto found = remarks(settings, known_providers());
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].written, "smtp://me:[hidden]@smtp.example.com");
  EXPECT_EQ(found[0].place.raw + settings.host.place.raw + settings.assignments[0].place.raw, "");
  EXPECT_EQ(with_change(settings, found[0].change), "MAIL_HOST=smtp.example.com\n");
  EXPECT_EQ(remark_on_host("me:hunter2@smtp.example.com", {})->written,
            "me:[hidden]@smtp.example.com");
}

TEST(Remarks, mistyped_ports_are_told_apart_from_unusual_ones) {
  const std::pair<unsigned, unsigned> mistyped[] = {
      {578, 587},   {857, 587},  {456, 465}, {4655, 465}, {645, 465}, {2552, 2525},
      {2255, 2525}, {5877, 587}, {58, 587},  {52, 25},    {993, 465}, {143, 587}};
  for (const auto& [written, meant] : mistyped) {
    const auto found = remark_on_port(written);
    ASSERT_TRUE(found) << written;
    EXPECT_EQ(found->finding, "M2014");
    EXPECT_EQ(found->change.port, meant) << written;
  }
  for (const unsigned port : {25u, 26u, 80u, 443u, 465u, 587u, 588u, 1025u, 1587u, 2465u, 2525u,
                              2587u, 3535u, 8025u, 10025u, 22u, 5432u, 65535u})
    EXPECT_FALSE(remark_on_port(port)) << port;
  EXPECT_EQ(remark_on_port(0)->detail, "no port number");
  EXPECT_EQ(remark_on_port(100'000)->detail, "no port number");
  EXPECT_EQ(remark_on_port(993)->kind, Kind::reading_port);
}

TEST(Remarks, a_port_and_its_encryption_are_compared) {
  EXPECT_EQ(remark_on_port_and_encryption(587, Encryption::implicit)->finding, "M3001");
  EXPECT_EQ(remark_on_port_and_encryption(465, Encryption::starttls)->finding, "M3002");
  EXPECT_EQ(remark_on_port_and_encryption(465, Encryption::none)->change.encryption,
            Encryption::implicit);
  EXPECT_FALSE(remark_on_port_and_encryption(465, Encryption::implicit));
  EXPECT_FALSE(remark_on_port_and_encryption(587, Encryption::starttls));
  EXPECT_FALSE(remark_on_port_and_encryption(25, Encryption::none));
  EXPECT_FALSE(remark_on_port_and_encryption(10587, Encryption::implicit));
  EXPECT_FALSE(remark_on_port_and_encryption(465, Encryption::unset));
}

TEST(Remarks, both_switches_and_no_check_are_told) {
  const auto both = remarks(read_well("EMAIL_HOST = 'mail.example.com'\nEMAIL_PORT = 587\n"
                                      "EMAIL_USE_TLS = True\nEMAIL_USE_SSL = True\n",
                                      Dialect::django),
                            known_providers());
  ASSERT_EQ(both.size(), 1u);
  EXPECT_EQ(both[0].kind, Kind::two_encryptions);
  EXPECT_EQ(both[0].detail, "with both Django sends nothing");
  EXPECT_EQ(both[0].place.line, 3u);
  EXPECT_EQ(both[0].other.line, 4u);
  EXPECT_EQ(both[0].change.encryption, Encryption::starttls);
  const auto off = remarks(read_well("account a\nhost mail.example.com\nport 587\ntls on\n"
                                     "tls_certcheck off\n",
                                     Dialect::msmtp),
                           known_providers());
  ASSERT_EQ(off.size(), 1u);
  EXPECT_EQ(off[0].kind, Kind::unchecked_certificate);
  EXPECT_EQ(off[0].place.line, 5u);
}

TEST(Remarks, logins_are_held_against_the_provider) {
  const auto local = remarks_on("MAIL_HOST=smtp.gmail.com\nMAIL_PORT=587\nMAIL_USERNAME=me");
  ASSERT_EQ(local.size(), 1u);
  EXPECT_EQ(local[0].finding, "M4002");
  const auto key =
      remarks_on("MAIL_HOST=smtp.sendgrid.net\nMAIL_PORT=587\nMAIL_USERNAME=me@x.example");
  ASSERT_EQ(key.size(), 1u);
  EXPECT_EQ(key[0].finding, "M4018");
  EXPECT_EQ(key[0].change.user, "apikey");
}

TEST(Remarks, passwords_are_told_by_their_shape_alone) {
  const auto spaced = remarks_on(
      "MAIL_HOST=smtp.gmail.com\nMAIL_PORT=587\nMAIL_USERNAME=a@gmail.com\n"
      "MAIL_PASSWORD=\"abcd efgh ijkl mnop\"");
  ASSERT_EQ(spaced.size(), 1u);
  EXPECT_EQ(spaced[0].finding, "M4007");
  EXPECT_TRUE(
      remarks_on("MAIL_HOST=mail.example.com\nMAIL_PASSWORD=\"abcd efgh ijkl mnop\"").empty());
  const auto space = remarks_on("MAIL_HOST=mail.example.com\nMAIL_PASSWORD=\"secret \"");
  ASSERT_EQ(space.size(), 1u);
  EXPECT_EQ(space[0].finding, "M4020");
  EXPECT_EQ(space[0].detail, "at its end");
  const auto hidden =
      remarks_on("MAIL_HOST=mail.example.com\nMAIL_PASSWORD=\"sec\xe2\x80\x8bret\"");
  ASSERT_EQ(hidden.size(), 1u);
  EXPECT_EQ(hidden[0].finding, "M1009");
  for (const auto& all : {spaced, space, hidden}) {
    EXPECT_EQ(all[0].written + all[0].place.raw, "");
    EXPECT_EQ(all[0].detail.find("sec"), std::string::npos);
  }
}

}  // namespace
}  // namespace waypost::settings
