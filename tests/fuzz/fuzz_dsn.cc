#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "tests/unit/message/dsn_properties.h"

using namespace waypost::message;

namespace {

// Up to the next separator.
std::string take(std::string_view& octets) {
  size_t end = std::min(octets.find('\x1e'), octets.size());
  std::string text(octets.substr(0, end));
  octets.remove_prefix(std::min(end + 1, octets.size()));
  return text;
}

}  // namespace

// The first octet chooses the form; then, with 0x1e between them, the texts from outside, those of
// as many recipients as there are, and the message last.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const uint8_t form = data[0];
  std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  Dsn dsn;
  dsn.hostname = "relay.example";
  dsn.id = "019aa5c0-1234-7abc-8def-0123456789ab";
  dsn.utf8 = (form & 1) != 0;
  dsn.part = static_cast<ReturnedPart>((form >> 1) % 3);
  dsn.to = take(octets);
  dsn.subject = take(octets);
  dsn.text = take(octets);
  dsn.envelope_id = take(octets);
  dsn.message_id = take(octets);
  for (int left = 1 + form / 64; left > 0; --left) {
    DsnRecipient recipient;
    recipient.original = take(octets);
    recipient.address = take(octets);
    recipient.status = take(octets);
    recipient.remote_host = take(octets);
    recipient.diagnostic = take(octets);
    recipient.is_reply = (form & 32) != 0;
    dsn.recipients.push_back(recipient);
  }
  dsn.returned = octets;
  CHECK(breach_of(dsn, write_dsn(dsn)).empty());
  return 0;
}
