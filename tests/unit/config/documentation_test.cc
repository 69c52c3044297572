// Keeps the reference, the sample file and the built-in defaults equal.
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/parse.h"

namespace waypost::config {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string read_document(std::string_view name) {
  fs::path root = fs::path(__FILE__).parent_path().parent_path().parent_path().parent_path();
  std::ifstream file(root / "docs" / "operate" / name);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

std::string header_of(const KnownKey& key) {
  if (key.section.empty()) return "";
  bool repeated = key.section == "listener" || key.section == "site";
  return (repeated ? "[[" : "[") + key.section + (repeated ? "]]" : "]");
}

// From the line that begins with `header` to the next line that begins with `next`.
std::string part(const std::string& text, const std::string& header, const std::string& next) {
  size_t start = header.empty() ? 0 : text.find("\n" + header);
  EXPECT_NE(start, std::string::npos) << header;
  if (start == std::string::npos) return {};
  return text.substr(start, text.find("\n" + next, start + 1) - start);
}

TEST(Sample, parses_without_a_word) {
  std::vector<Source> sources{{"waypost.toml", read_document("waypost.toml")}};
  Parsed parsed = parse(sources);
  for (const Diagnostic& d : parsed.diagnostics) ADD_FAILURE() << render(d, sources, false);
  ASSERT_TRUE(parsed.config);
  EXPECT_EQ(parsed.config->data_dir, Config().data_dir);
  EXPECT_EQ(parsed.config->limits, Limits());
  EXPECT_EQ(parsed.config->queue, QueueSettings());
  EXPECT_EQ(parsed.config->delivery, DeliverySettings());
  EXPECT_EQ(parsed.config->dns, DnsSettings());
  EXPECT_EQ(parsed.config->events, EventSettings());
  EXPECT_EQ(parsed.config->log, LogSettings());
  EXPECT_EQ(parsed.config->tls.minimum, Tls().minimum);
  SiteLimits limits;
  const SiteLimits& written = parsed.config->site_default;
  EXPECT_EQ(written.connections.value, limits.connections.value);
  EXPECT_EQ(written.messages_per_second.value, limits.messages_per_second.value);
  EXPECT_EQ(written.messages_per_connection.value, limits.messages_per_connection.value);
  EXPECT_EQ(written.recipients_per_message.value, limits.recipients_per_message.value);
}

TEST(Sample, has_every_key_in_its_table) {
  std::string sample = read_document("waypost.toml");
  for (const KnownKey& key : known_keys()) {
    std::string table = part(sample, header_of(key), "[");
    EXPECT_TRUE(std::regex_search(table, std::regex("\n(# )?" + key.name + " = ")))
        << header_of(key) << " " << key.name;
  }
}

TEST(Sample, is_right_with_the_optional_lines_switched_on) {
  std::string sample = read_document("waypost.toml");
  sample = std::regex_replace(sample, std::regex("\n# (next_hop|source_address|resolver) = "),
                              "\n$1 = ");
  std::vector<Source> sources{{"waypost.toml", sample}};
  Parsed parsed = parse(sources);
  ASSERT_TRUE(parsed.config);
  EXPECT_TRUE(parsed.config->delivery.next_hop);
  EXPECT_TRUE(parsed.config->delivery.source_address);
  EXPECT_TRUE(parsed.config->dns.resolver);
}

TEST(Reference, has_a_row_for_every_key_with_the_default_of_the_sample) {
  std::string reference = read_document("configuration.md");
  std::string sample = read_document("waypost.toml");
  for (const KnownKey& key : known_keys()) {
    std::string title = key.section.empty() ? "## Top of the file" : "## `" + header_of(key) + "`";
    std::string rows = part(reference, title, "## ");
    std::smatch row;
    std::regex form("\n\\| `" + key.name + "` \\|[^|]+\\| ([^|]+) \\| `([^|]+)` \\|");
    ASSERT_TRUE(std::regex_search(rows, row, form)) << header_of(key) << " " << key.name;
    std::string default_value = row[1];
    if (!default_value.starts_with('`') || key.section == "site") continue;
    default_value = default_value.substr(1, default_value.size() - 2);
    EXPECT_THAT(part(sample, header_of(key), "["),
                HasSubstr("\n" + key.name + " = " + default_value + "\n"));
  }
}

TEST(Reference, has_no_row_for_a_key_that_is_gone) {
  std::string reference = read_document("configuration.md");
  std::vector<std::string> names;
  for (const KnownKey& key : known_keys()) names.push_back(key.name);
  std::regex row("\n\\| `([a-z_]+)` \\|");
  for (std::sregex_iterator it(reference.begin(), reference.end(), row), end; it != end; ++it)
    EXPECT_THAT(names, testing::Contains((*it)[1].str()));
}

// Every example that an error page suggests must be right itself.
TEST(Examples, are_accepted) {
  for (const KnownKey& key : known_keys()) {
    std::string text = key.section.empty() ? "" : header_of(key) + "\n";
    text += key.name + " = " + key.example + "\n";
    std::vector<Source> sources{{"example.toml", text}};
    for (const Diagnostic& d : parse(sources).diagnostics)
      EXPECT_EQ(d.message.find("`" + key.name + "` is not"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace waypost::config
