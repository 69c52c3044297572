#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "base/check.h"
#include "base/utf8.h"
#include "smtp/xtext.h"

using namespace waypost::smtp;

namespace {

bool is_plain(std::string_view text) {
  return waypost::base::is_utf8(text) &&
         std::none_of(text.begin(), text.end(), waypost::base::is_control);
}

}  // namespace

// Whatever decodes is fit to stand in a notice, and comes back as it went.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto decoded = from_xtext(text)) {
    CHECK(is_plain(*decoded));
    CHECK(from_xtext(to_xtext(*decoded)) == decoded);
  }
  for (Characters characters : {Characters::ascii, Characters::utf8}) {
    const auto decoded = from_utf8_address(text, characters);
    if (!decoded) continue;
    CHECK(is_plain(*decoded));
    CHECK(from_utf8_address(to_utf8_address(*decoded, false), Characters::ascii) == decoded);
    CHECK(from_utf8_address(to_utf8_address(*decoded, true), Characters::utf8) == decoded);
  }
  return 0;
}
