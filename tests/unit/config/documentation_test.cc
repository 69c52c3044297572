// Keeps the reference, the sample file and the built-in defaults equal.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/parse.h"
#include "tests/fakes/source_folder.h"

namespace waypost::config {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string read_document(std::string_view name) {
  fs::path root = fakes::source_folder();
  std::ifstream file(root / "docs" / "operate" / name);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

std::string header_of(const KnownKey& key) {
  if (key.section.empty()) return "";
  bool repeated = key.section == "listener" || key.section == "site" || key.section == "inbound" ||
                  key.section == "route" || key.section == "stream" || key.section == "source" ||
                  key.section == "pool" || key.section == "return_path" ||
                  key.section == "signing_key";
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
  EXPECT_EQ(written.connections_per_minute.value, limits.connections_per_minute.value);
  EXPECT_EQ(written.messages_per_second.value, limits.messages_per_second.value);
  EXPECT_EQ(written.messages_per_hour.value, limits.messages_per_hour.value);
  EXPECT_EQ(written.messages_per_day.value, limits.messages_per_day.value);
  EXPECT_EQ(written.messages_per_connection.value, limits.messages_per_connection.value);
  EXPECT_EQ(written.recipients_per_message.value, limits.recipients_per_message.value);
}

TEST(Sample, has_every_key_in_its_table) {
  std::string sample = read_document("waypost.toml");
  for (const KnownKey& key : known_keys()) {
    std::string table = part(sample, header_of(key), "[");
    bool is_there = table.find("\n" + key.name + " = ") != std::string::npos ||
                    table.find("\n# " + key.name + " = ") != std::string::npos;
    EXPECT_TRUE(is_there) << header_of(key) << " " << key.name;
  }
}

TEST(Sample, is_right_with_the_optional_lines_switched_on) {
  std::string sample = read_document("waypost.toml");
  for (std::string key : {"next_hop", "source_address", "resolver"}) {
    size_t at = sample.find("\n# " + key + " = ");
    ASSERT_NE(at, std::string::npos) << key;
    sample.erase(at + 1, 2);
  }
  std::vector<Source> sources{{"waypost.toml", sample}};
  Parsed parsed = parse(sources);
  ASSERT_TRUE(parsed.config);
  EXPECT_TRUE(parsed.config->delivery.next_hop);
  EXPECT_TRUE(parsed.config->delivery.source_address);
  EXPECT_TRUE(parsed.config->dns.resolver);
}

// The cells of each row of the tables in `text`: key, meaning, default, example.
std::vector<std::vector<std::string>> rows_of(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `")) continue;
    std::vector<std::string>& cells = rows.emplace_back();
    for (size_t at = 2, end; (end = line.find(" |", at)) != std::string::npos; at = end + 3)
      cells.push_back(line.substr(at, end - at));
  }
  return rows;
}

std::vector<std::string> row_of(const std::string& reference, const KnownKey& key) {
  std::string title = key.section.empty() ? "## Top of the file" : "## `" + header_of(key) + "`";
  for (const std::vector<std::string>& row : rows_of(part(reference, title, "## ")))
    if (row[0] == "`" + key.name + "`") return row;
  return {};
}

TEST(Reference, has_a_row_for_every_key_with_the_default_of_the_sample) {
  std::string reference = read_document("configuration.md");
  std::string sample = read_document("waypost.toml");
  for (const KnownKey& key : known_keys()) {
    std::vector<std::string> row = row_of(reference, key);
    ASSERT_EQ(row.size(), 4u) << header_of(key) << " " << key.name;
    const std::string& default_value = row[2];
    if (!default_value.starts_with('`')) continue;
    EXPECT_THAT(part(sample, header_of(key), "["),
                HasSubstr("\n" + key.name + " = " +
                          default_value.substr(1, default_value.size() - 2) + "\n"));
  }
}

// A row in a table of its own section; the table of quantities has no backquotes.
TEST(Reference, has_no_row_for_a_key_that_is_gone) {
  EXPECT_EQ(rows_of(read_document("configuration.md")).size(), known_keys().size());
}

// The examples of the reference must be right themselves.
TEST(Reference, has_examples_that_are_accepted) {
  std::string reference = read_document("configuration.md");
  for (const KnownKey& key : known_keys()) {
    std::vector<std::string> row = row_of(reference, key);
    ASSERT_EQ(row.size(), 4u);
    std::string text = key.section.empty() ? "" : header_of(key) + "\n";
    text += key.name + " = " + row[3].substr(1, row[3].size() - 2) + "\n";
    std::vector<Source> sources{{"example.toml", text}};
    for (const Diagnostic& d : parse(sources).diagnostics)
      EXPECT_FALSE(d.message.starts_with("`" + key.name + "` ") && d.line != 0)
          << text << d.message;
  }
}

// Every example that an error page suggests must be right itself.
TEST(Examples, are_accepted) {
  for (const KnownKey& key : known_keys()) {
    std::string text = key.section.empty() ? "" : header_of(key) + "\n";
    text += key.name + " = " + key.example + "\n";
    std::vector<Source> sources{{"example.toml", text}};
    for (const Diagnostic& d : parse(sources).diagnostics)
      EXPECT_FALSE(d.message.starts_with("`" + key.name + "` ") && d.line != 0)
          << text << d.message;
  }
}

}  // namespace
}  // namespace waypost::config
