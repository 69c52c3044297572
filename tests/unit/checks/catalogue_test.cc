#include "checks/catalogue.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checks/shipped_checks.h"
#include "checks/wording.h"
#include "tests/fakes/source_folder.h"

namespace waypost::checks {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view sound_file = R"(rung = 3
as_of = "2026-11"

[[check]]
id = "M3001"
slug = "mismatch"
severity = "warning"
confidence = "likely"
temporary = true
title = "it does not fit"
observed = "{host} said {seen}"
means = "a meaning"
verdict = "change it"
hides_behind = ["wrong version number"]
see = ["M3001", "tls-modes"]
source = ["RFC 3207"]
[[check.fix]]
id = "starttls"
who = "client"
do = "keep port {port}"
lines = ["a command"]
set = { tls = "starttls" }
hints = { nodemailer = "secure: false" }
)";

std::string changed(std::string_view from, std::string_view to) {
  std::string text(sound_file);
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

// What is wrong with the file, as "line: message".
std::vector<std::string> problems(const std::string& text) {
  std::vector<toml::Source> sources{{"3.toml", text}};
  std::vector<std::string> found;
  for (const toml::Diagnostic& one : load_catalogue(sources).diagnostics)
    found.push_back(std::to_string(one.line) + ": " + one.message);
  return found;
}

TEST(Catalogue, reads_all_that_a_check_may_have) {
  std::vector<toml::Source> sources{{"3.toml", std::string(sound_file)}};
  LoadedCatalogue loaded = load_catalogue(sources);
  EXPECT_TRUE(loaded.diagnostics.empty());
  const Check* check = loaded.catalogue.find("m3001");
  ASSERT_NE(check, nullptr);
  EXPECT_EQ(loaded.catalogue.find("mismatch"), check);
  EXPECT_EQ(check->rung, 3);
  EXPECT_EQ(check->severity, Severity::warning);
  EXPECT_EQ(check->confidence, Confidence::likely);
  EXPECT_TRUE(check->temporary);
  EXPECT_EQ(check->as_of, "2026-11");
  ASSERT_NE(check->fix("starttls"), nullptr);
  EXPECT_THAT(check->fix("starttls")->set, ElementsAre(std::pair("tls", "starttls")));
  EXPECT_THAT(check->fix("starttls")->hints, ElementsAre(std::pair("nodemailer", "secure: false")));
  EXPECT_EQ(check->fix("none"), nullptr);
}

struct Fault {
  std::string_view from;
  std::string_view to;
  unsigned line;
  std::string_view said;
};

class Faults : public testing::TestWithParam<Fault> {};

TEST_P(Faults, is_refused_with_its_place) {
  const Fault& fault = GetParam();
  std::string text = changed(fault.from, fault.to);
  std::vector<std::string> found = problems(text);
  ASSERT_FALSE(found.empty()) << fault.to;
  EXPECT_THAT(found.front(), HasSubstr(fault.said));
  EXPECT_EQ(found.front().substr(0, found.front().find(':')), std::to_string(fault.line));
}

INSTANTIATE_TEST_SUITE_P(
    Checks, Faults,
    testing::Values(
        Fault{"M3001\"\nslug", "M4001\"\nslug", 4, "no id of this rung"},
        Fault{"slug = \"mismatch\"", "slug = \"Mis match\"", 4, "no slug"},
        Fault{"means = \"a meaning\"\n", "", 4, "`means` is missing"},
        Fault{"verdict = \"change it\"\n", "", 4, "`verdict` is missing"},
        Fault{"source = [\"RFC 3207\"]\n", "", 4, "`source` is missing"},
        Fault{"hides_behind = [\"wrong version number\"]\n", "", 4, "`hides_behind` is missing"},
        Fault{"as_of = \"2026-11\"\n", "", 3, "`as_of` is missing"},
        Fault{"{seen}", "{sean}", 11, "the place `sean`"},
        Fault{"{port}", "{prot}", 20, "the place `prot`"},
        Fault{"\"warning\"", "\"warn\"", 7, "`warn` is none of"},
        Fault{"\"M3001\", \"tls", "\"M3999\", \"tls", 4, "M3999"},
        Fault{"who = \"client\"", "who = \"nobody\"", 17, "`who` is"},
        Fault{"nodemailer =", "nodemaler =", 23, "nodemaler"},
        Fault{"tls = \"starttls\"", "tsl = \"starttls\"", 22, "tsl"},
        Fault{"temporary = true", "temporary = 1", 9, "`temporary`"},
        Fault{"rung = 3", "rung = 7", 1, "`rung` (1 to 6)"},
        Fault{"\"it does not fit\"",
              "\"it does not fit, and this title is far too long for the line that it has\"", 4,
              "the title has at most"},
        Fault{
            "\"a command\"",
            "\"a command that is so long that no page of eighty columns can show it on one line\"",
            21, "a line has at most"}));

TEST(Catalogue, refuses_an_id_or_slug_that_is_used_twice) {
  std::string second = changed("rung = 3\nas_of = \"2026-11\"\n", "");
  EXPECT_THAT(problems(std::string(sound_file) + second),
              ElementsAre(HasSubstr("names another check already")));
  second = second.replace(second.find("M3001\"\nslug"), 5, "M3002");
  EXPECT_THAT(problems(std::string(sound_file) + second),
              ElementsAre(HasSubstr("names another check already")));
}

TEST(Catalogue, refuses_a_fix_that_is_named_twice) {
  EXPECT_THAT(problems(std::string(sound_file) +
                       "[[check.fix]]\nid = \"starttls\"\nwho = \"client\"\ndo = \"x\"\n"),
              ElementsAre(HasSubstr("another fix of this check")));
}

TEST(Catalogue, survives_files_that_are_no_catalogue) {
  for (const char* text : {"", "rung", "check = 3", "[[check]]", "rung = 1\n[[check]]\nfix = [3]",
                           "rung = 1\n[[check]]\nid = 7\nsee = [[]]"}) {
    std::vector<toml::Source> sources{{"x.toml", text}};
    EXPECT_TRUE(load_catalogue(sources).catalogue.all().empty()) << text;
  }
}

TEST(Fill, puts_values_into_places_and_names_into_empty_ones) {
  EXPECT_EQ(fill("{host}:{port} is shut", {{"host", "a"}, {"port", "{host}"}}), "a:{host} is shut");
  EXPECT_EQ(fill("use {other_port} of {host}.", {}), "use OTHER PORT of HOST.");
  EXPECT_EQ(fill("auth: { user, pass } {} {a b} {Host} {", {}),
            "auth: { user, pass } {} {a b} {Host} {");
  EXPECT_EQ(fill("tls: { ca: '{host}' }", {{"host", "x"}}), "tls: { ca: 'x' }");
}

TEST(ShippedChecks, are_without_fault) {
  LoadedCatalogue loaded = load_catalogue(shipped_checks());
  for (const toml::Diagnostic& one : loaded.diagnostics)
    ADD_FAILURE() << toml::render(one, shipped_checks(), false);
  EXPECT_EQ(&shipped_catalogue().all().front(), &shipped_catalogue().all().front());
}

// An id that was published stays, with its slug.
TEST(ShippedChecks, are_those_of_the_list) {
  std::ifstream file(fakes::source_folder() / "rules" / "checks" / "ids.txt");
  std::vector<std::string> listed;
  for (std::string line; std::getline(file, line);)
    if (!line.starts_with("#")) listed.push_back(line);
  std::vector<std::string> found;
  for (const Check& check : shipped_catalogue().all()) found.push_back(check.id + " " + check.slug);
  EXPECT_EQ(found, listed);
  EXPECT_GE(found.size(), 105U);
}

TEST(ShippedChecks, have_a_verdict_of_one_line_behind_the_step) {
  for (const Check& check : shipped_catalogue().all())
    EXPECT_LE(check.verdict.size(), 70U) << check.id << " " << check.verdict;
}

TEST(ShippedChecks, name_people_and_programs_that_have_names) {
  EXPECT_EQ(rung_title(3), "TLS");
  for (const Check& check : shipped_catalogue().all())
    for (const Fix& fix : check.fixes) {
      EXPECT_NE(actor_name(fix.who), fix.who) << check.id;
      for (const auto& [program, hint] : fix.hints) EXPECT_FALSE(program_name(program).empty());
    }
}

}  // namespace
}  // namespace waypost::checks
