#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/fakes/source_folder.h"

namespace waypost::mailauth {

// The text of a file of the public test data. Without it, and where tests must not be skipped, the
// test fails; else the text is empty and the caller skips.
inline std::string public_vectors(const std::string& file) {
  const std::filesystem::path path = fakes::test_data_folder() / "mailauth" / file;
  std::ifstream stream(path);
  std::string text((std::istreambuf_iterator<char>(stream)), {});
  if (!text.empty()) return text;
  const char* ci = std::getenv("CI");
  const char* peers = std::getenv("WAYPOST_REQUIRE_PEERS");
  const bool must = (ci != nullptr && std::string(ci) == "true") ||
                    (peers != nullptr && std::string(peers) == "1");
  EXPECT_FALSE(must) << "MISSING TEST DATA: " << path;
  return text;
}

}  // namespace waypost::mailauth

#define SKIP_WITHOUT(text) \
  if ((text).empty()) GTEST_SKIP() << "MISSING TEST DATA; set WAYPOST_TEST_DATA to its folder"
