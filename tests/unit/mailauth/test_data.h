#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "mailauth/dkim_lookup.h"
#include "tests/fakes/source_folder.h"

// The public suites, which are read from $WAYPOST_TEST_DATA, and never copied.
namespace waypost::mailauth {

inline std::filesystem::path test_data(std::string_view path) {
  const char* folder = std::getenv("WAYPOST_TEST_DATA");
  const std::filesystem::path root = folder != nullptr && *folder != '\0'
                                         ? std::filesystem::path(folder)
                                         : fakes::source_folder().parent_path() / "shared" / "data";
  return root / "mailauth" / path;
}

inline std::optional<std::string> read_test_data(std::string_view path) {
  std::ifstream file(test_data(path), std::ios::binary);
  if (!file) return std::nullopt;
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

inline bool test_data_is_required() {
  auto is = [](const char* name, std::string_view value) {
    const char* set = std::getenv(name);
    return set != nullptr && set == value;
  };
  return is("CI", "true") || is("WAYPOST_REQUIRE_PEERS", "1");
}

// Ends the test: loudly, and as a failure where the data has to be there.
#define NO_TEST_DATA(path)                                                                   \
  do {                                                                                       \
    if (test_data_is_required()) FAIL() << "MISSING TEST DATA: " << test_data(path);         \
    GTEST_SKIP() << "MISSING TEST DATA: " << test_data(path) << "; set WAYPOST_TEST_DATA to" \
                 << " its folder";                                                           \
  } while (false)

inline KeyAnswers key_answers(const std::map<std::string, std::string>& records) {
  KeyAnswers answers;
  for (const auto& [name, text] : records) answers[name] = {KeyAnswer::Outcome::found, {text}, ""};
  return answers;
}

}  // namespace waypost::mailauth
