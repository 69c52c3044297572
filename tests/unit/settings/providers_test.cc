#include "settings/providers.h"

#include <gtest/gtest.h>

#include "tests/unit/settings/reading.h"

namespace waypost::settings {
namespace {

std::vector<std::string> problems_of(std::string text) {
  const toml::Source source{"x.toml", std::move(text)};
  std::vector<std::string> problems;
  for (const toml::Diagnostic& problem : load_providers({&source, 1}).diagnostics)
    problems.push_back(problem.file + ":" + std::to_string(problem.line) + ": " + problem.message);
  return problems;
}

TEST(Providers, the_shipped_files_are_whole) {
  const auto& providers = known_providers();
  EXPECT_GE(providers.size(), 30u);
  for (const Provider& provider : providers) {
    EXPECT_FALSE(provider.ports.empty()) << provider.id;
    for (const std::string& host : provider.hosts)
      if (host.find('*') == std::string::npos) {
        EXPECT_EQ(provider_of_host(host, providers), &provider) << host;
      }
  }
}

TEST(Providers, a_host_is_known_by_its_name_and_by_its_pattern) {
  const auto& providers = known_providers();
  EXPECT_EQ(provider_of_host("SMTP.Gmail.com.", providers)->id, "gmail");
  EXPECT_EQ(provider_of_host("email-smtp.eu-west-1.amazonaws.com", providers)->id, "ses");
  EXPECT_EQ(provider_of_host("email-smtp.a.b.amazonaws.com", providers), nullptr);
  EXPECT_EQ(provider_of_host("email-smtp.amazonaws.com", providers), nullptr);
  EXPECT_EQ(provider_of_host("mail.example.com", providers), nullptr);
}

TEST(Providers, a_broken_file_is_told_with_its_line) {
  EXPECT_EQ(
      problems_of("data_as_of = \"2026-11\"\n[provider]\nid = \"x\"\nports = [\"587\"]\n"),
      (std::vector<std::string>{"x.toml:4: this is no port: \"587/starttls\", \"465/implicit\""}));
  EXPECT_EQ(problems_of("[provider]\nuser = \"me\"\n"),
            (std::vector<std::string>{
                "x.toml:2: expected \"address\", \"fixed\", \"credential\" or \"any\""}));
  EXPECT_EQ(problems_of("[provider]\nhost = [\"a\"]\n").size(), 1u);
  EXPECT_FALSE(problems_of("").empty());
}

// A name that stands for a host and port stands for one that can be gone to.
TEST(Providers, a_service_has_one_place) {
  const std::string file =
      "data_as_of = \"2026-11\"\n[provider]\nid = \"x\"\nname = \"X\"\n"
      "source = \"https://x.example\"\nhosts = [\"smtp.*.x.example\"]\nservices = [\"x\"]\n"
      "ports = [\"587/starttls\"]\n";
  EXPECT_EQ(problems_of(file).size(), 1u);
  EXPECT_TRUE(problems_of(file + "service_host = \"smtp.eu.x.example\"\n").empty());
  EXPECT_EQ(problems_of(file + "service_host = \"a\"\nservice_port = \"25\"\n").size(), 1u);

  const Settings settings = read_well("createTransport({ service: 'SES' })", std::nullopt, "a.js");
  const Provider* ses = provider_of(settings, known_providers());
  ASSERT_NE(ses, nullptr);
  EXPECT_EQ(ses->service_host, "email-smtp.us-east-1.amazonaws.com");
  EXPECT_EQ(ses->service_port.number, 465u);
}

std::vector<std::string> differences_of(std::string_view text, std::string_view file) {
  const Settings settings = read_well(text, std::nullopt, file);
  const Provider* provider = provider_of(settings, known_providers());
  if (!provider) return {"no provider"};
  std::vector<std::string> found;
  for (const Difference& difference : differences(settings, *provider))
    found.push_back(difference.written + " -> " + difference.documented);
  return found;
}

TEST(Providers, settings_are_compared_with_what_is_documented) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(
      differences_of("MAIL_HOST=smtp.gmail.com\nMAIL_PORT=587\nMAIL_USERNAME=a@b.example", ".env"),
      Lines{});
  EXPECT_EQ(
      differences_of("MAIL_HOST=smtp.office365.com\nMAIL_PORT=465\nMAIL_ENCRYPTION=ssl", ".env"),
      Lines{"465 -> 587 with STARTTLS, 25 with STARTTLS"});
  EXPECT_EQ(differences_of("MAIL_HOST=smtp.sendgrid.net\nMAIL_PORT=587\nMAIL_USERNAME=me", ".env"),
            Lines{"me -> apikey"});
  EXPECT_EQ(differences_of("EMAIL_HOST = 'smtp.gmail.com'\nEMAIL_PORT = 465\nEMAIL_USE_TLS = True\n"
                           "EMAIL_HOST_USER = 'me'\n",
                           "settings.py"),
            (Lines{"STARTTLS -> implicit TLS on port 465", "me -> the whole mail address"}));
  EXPECT_EQ(differences_of("createTransport({ service: 'Gmail', auth: { user: 'me' } })", "a.js"),
            Lines{"me -> the whole mail address"});
  EXPECT_EQ(differences_of("createTransport({ service: 'Hotmail', auth: { type: 'login', user: "
                           "'a@hotmail.com' } })",
                           "a.js"),
            Lines{"login -> XOAUTH2"});
  EXPECT_EQ(
      differences_of("createTransport({ host: process.env.H, auth: { user: 'me' } })", "a.js"),
      Lines{"no provider"});
}

}  // namespace
}  // namespace waypost::settings
