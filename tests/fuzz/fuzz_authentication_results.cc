#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "mailauth/authentication_results.h"

using namespace waypost::mailauth;

// What is read is written so that it reads the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto read = parse_authentication_results(octets);
  if (!read) return 0;
  const std::string written = authentication_results_value(*read);
  if (written.size() > authentication_results_octets_max) return 0;
  const auto again = parse_authentication_results(written);
  CHECK(again && again->results.size() == read->results.size());
  for (size_t i = 0; i < read->results.size(); ++i) {
    CHECK(again->results[i].method == read->results[i].method);
    CHECK(again->results[i].result == read->results[i].result);
    CHECK(again->results[i].properties.size() == read->results[i].properties.size());
  }
  return 0;
}
