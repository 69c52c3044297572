#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "web/answer_reader.h"

using namespace waypost;

namespace {

constexpr web::AnswerLimits limits{512, 256};

// "200 body", or the failure; `piece` octets at a time, then the end.
std::string read(std::string_view octets, size_t piece) {
  web::AnswerReader reader(limits);
  while (!octets.empty()) {
    const auto whole = reader.take(octets.substr(0, piece));
    if (!whole) {
      CHECK(whole.error().code() == ErrorCode::protocol ||
            whole.error().code() == ErrorCode::resource_exhausted ||
            whole.error().code() == ErrorCode::peer_gone);
      return "failed";
    }
    octets.remove_prefix(std::min(piece, octets.size()));
    if (*whole) break;
    if (octets.empty() && !reader.end()) return "failed";
  }
  const web::Response answer = reader.answer();
  CHECK(answer.body.size() <= limits.body_octets_max);
  return std::to_string(answer.code) + " " + answer.body;
}

}  // namespace

// An answer, which must not depend on how it comes in.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  if (octets.empty()) return 0;
  const std::string at_once = read(octets, octets.size());
  const std::string in_pieces = read(octets, 1);
  if (at_once != "failed" && in_pieces != "failed") CHECK(at_once == in_pieces);
  return 0;
}
