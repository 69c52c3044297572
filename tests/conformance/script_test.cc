#include "tests/conformance/script.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/check.h"
#include "tests/fakes/source_folder.h"

namespace waypost::conformance {
namespace {

std::string take_escape(const std::string& text, size_t& at) {
  const char c = text.at(++at);
  if (c == 'r') return "\r";
  if (c == 'n') return "\n";
  if (c == 't') return "\t";
  if (c == '0') return std::string(1, '\0');
  if (c == 'x') {
    const std::string hex = text.substr(at + 1, 2);
    at += 2;
    return std::string(1, char(std::stoi(hex, nullptr, 16)));
  }
  return std::string(1, c);
}

std::string take_repeat(const std::string& text, size_t& at) {
  const size_t star = text.find('*', at);
  const size_t end = text.find('}', star);
  CHECK(end != std::string::npos);
  const int count = std::stoi(text.substr(at + 1, star - at - 1));
  const std::string piece = unescape(text.substr(star + 1, end - star - 1));
  at = end;
  std::string all;
  for (int i = 0; i < count; ++i) all += piece;
  return all;
}

// `ours` is the side that the script plays.
void load(const std::filesystem::path& path, char ours, std::vector<Script>& scripts) {
  const std::string our_line = {ours, ':'};
  const std::string our_octets = {ours, '>'};
  const std::string their_line = ours == 'C' ? "S:" : "C:";
  std::ifstream file(path);
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with("=== ")) {
      scripts.push_back({path.filename().string(), line.substr(4), {}});
      continue;
    }
    const std::string mark = line.substr(0, 2);
    const std::string text = line.size() > 3 ? line.substr(3) : "";
    Step::Kind kind = Step::Kind::send;
    if (mark == their_line) kind = Step::Kind::expect;
    if (mark == "@ ") kind = Step::Kind::directive;
    const bool known = mark == our_line || mark == our_octets || kind != Step::Kind::send;
    if (!known || scripts.empty()) {
      ADD_FAILURE() << path << ":" << number << ": not a line of a script: " << line;
      continue;
    }
    std::string content = kind == Step::Kind::directive ? line.substr(2) : text;
    if (mark == our_line) content += "\r\n";
    if (mark == our_octets) content = unescape(content);
    scripts.back().steps.push_back({kind, content, number});
  }
}

}  // namespace

std::string unescape(const std::string& text) {
  std::string octets;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\')
      octets += take_escape(text, at);
    else if (text[at] == '{')
      octets += take_repeat(text, at);
    else
      octets += text[at];
  }
  return octets;
}

bool matches(const std::string& line, const std::string& pattern) {
  const size_t star = pattern.find('*');
  if (star == std::string::npos) return line == pattern;
  if (!line.starts_with(pattern.substr(0, star))) return false;
  const std::string rest = pattern.substr(star + 1);
  for (size_t at = star; at <= line.size(); ++at)
    if (matches(line.substr(at), rest)) return true;
  return false;
}

std::vector<Script> load_folder(const std::filesystem::path& folder, char ours) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".smtp") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<Script> scripts;
  for (const auto& path : paths) load(path, ours, scripts);
  return scripts;
}

std::vector<Script> load_scripts() {
  return load_folder(fakes::source_folder() / "tests/conformance", 'C');
}

std::vector<Script> load_client_scripts() {
  return load_folder(fakes::source_folder() / "tests/conformance/client", 'S');
}

TEST(Script, a_star_in_a_pattern_stands_for_anything) {
  EXPECT_TRUE(matches("250 2.0.0 Ok: queued as 7", "250 2.0.0 Ok: *"));
  EXPECT_TRUE(matches("250-SIZE 5", "250-SIZE *"));
  EXPECT_TRUE(matches("abcabd", "*abd"));
  EXPECT_FALSE(matches("550 no", "250 *"));
  EXPECT_FALSE(matches("250 Ok", "250 "));
}

TEST(Script, escapes_become_octets) {
  EXPECT_EQ(unescape("a\\r\\n\\0\\x85\\\\{3*ab}"), std::string("a\r\n\0\x85\\ababab", 12));
}

TEST(Script, there_are_scripts) {
  EXPECT_GT(load_scripts().size(), 20u);
  EXPECT_GT(load_client_scripts().size(), 20u);
}

}  // namespace waypost::conformance
