// Configuration text: read, and every problem rendered. A NUL octet begins the next file.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using waypost::config::Source;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<Source> sources;
  while (sources.size() < 4) {
    size_t end = std::min(text.find('\0'), text.size());
    sources.push_back({"file" + std::to_string(sources.size()), std::string(text.substr(0, end))});
    if (end == text.size()) break;
    text.remove_prefix(end + 1);
  }
  waypost::config::Parsed parsed = waypost::config::parse(sources);
  for (const auto& diagnostic : parsed.diagnostics)
    waypost::toml::render(diagnostic, sources, true);
  return 0;
}
