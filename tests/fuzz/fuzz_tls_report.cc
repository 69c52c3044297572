#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "message/tls_report.h"

using namespace waypost::message;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto report = read_tls_report({reinterpret_cast<const char*>(data), size});
  if (report) CHECK(report->policies.size() <= tls_policies_max);
  return 0;
}
