// Each tests/golden/config/NAME.toml with the page that NAME.txt holds. To take over new pages, run
// with WAYPOST_ACCEPT=1 and review the difference.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "config/parse.h"
#include "tests/fakes/source_folder.h"

namespace waypost::config {
namespace {

namespace fs = std::filesystem;

const fs::path golden_folder = fakes::source_folder() / "tests" / "golden" / "config";

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string page(const fs::path& path) {
  std::vector<Source> sources{{path.filename().string(), read_file(path)}};
  std::string text;
  for (const Diagnostic& diagnostic : parse(sources).diagnostics)
    text += render(diagnostic, sources, false) + "\n";
  return text;
}

TEST(GoldenPages, are_what_people_see) {
  size_t seen = 0;
  for (const auto& entry : fs::directory_iterator(golden_folder)) {
    if (entry.path().extension() != ".toml") continue;
    ++seen;
    fs::path expected = fs::path(entry.path()).replace_extension(".txt");
    std::string text = page(entry.path());
    if (std::getenv("WAYPOST_ACCEPT") != nullptr) std::ofstream(expected) << text;
    EXPECT_EQ(text, read_file(expected)) << entry.path().filename();
  }
  EXPECT_GE(seen, 15u) << "in " << golden_folder;
}

}  // namespace
}  // namespace waypost::config
