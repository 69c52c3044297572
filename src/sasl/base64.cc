#include "sasl/base64.h"

#include <string.h>

#include <fmt/format.h>
#include <gsasl.h>

#include "base/check.h"
#include "base/secret.h"

namespace waypost::sasl {
namespace {

// Moves what libgsasl allocated into a string, and wipes it.
std::string take(char* octets, size_t size) {
  std::string taken(octets, size);
  explicit_bzero(octets, size);
  gsasl_free(octets);
  return taken;
}

}  // namespace

std::string base64_encode(std::string_view octets) {
  char* text = nullptr;
  size_t size = 0;
  CHECK(gsasl_base64_to(octets.data(), octets.size(), &text, &size) == GSASL_OK);
  return take(text, size);
}

Result<std::string> base64_decode(std::string_view text, size_t octets_max) {
  if (text.size() / 4 > (octets_max + 2) / 3)
    return failure(ErrorCode::resource_exhausted,
                   fmt::format("base64 text stands for more than {} octets", octets_max));
  char* octets = nullptr;
  size_t size = 0;
  if (gsasl_base64_from(text.data(), text.size(), &octets, &size) != GSASL_OK)
    return failure(ErrorCode::invalid_input, "the text is not base64");
  std::string decoded = take(octets, size);
  // libgsasl overlooks bits that padding should have left zero.
  std::string again = base64_encode(decoded);
  bool canonical = again == text;
  Secret::wipe(again);
  if (canonical && decoded.size() <= octets_max) return decoded;
  Secret::wipe(decoded);
  if (!canonical) return failure(ErrorCode::invalid_input, "the text is not base64");
  return failure(ErrorCode::resource_exhausted,
                 fmt::format("base64 text stands for more than {} octets", octets_max));
}

}  // namespace waypost::sasl
