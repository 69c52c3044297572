// A message that came back, read by the shipped rules.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "bounces/incoming.h"

using namespace waypost::bounces;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Incoming incoming = read_incoming({reinterpret_cast<const char*>(data), size});
  CHECK(incoming.recipients.size() <= recipients_max);
  CHECK(!name(incoming.kind).empty());
  for (const Recipient& recipient : incoming.recipients)
    CHECK(recipient.reply.find('\n') == std::string::npos);
  return 0;
}
