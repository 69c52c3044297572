#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "dns/message.h"

using namespace waypost;

// What can be read can be written without compression, and then says the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view octets(reinterpret_cast<const char*>(data), size);
  auto message = dns::parse_message(octets);
  if (!message) return 0;
  std::string written;
  dns::append_16(written, message->id);
  dns::append_16(written, message->flags);
  dns::append_16(written, 0);
  bool plain = true;
  for (const auto* section : {&message->answers, &message->authorities, &message->additionals}) {
    dns::append_16(written, static_cast<unsigned>(section->size()));
    // An octet that no host name has stands as \DDD in a name, which append_name() does not read.
    for (const auto& record : *section) plain &= record.name.find('\\') == record.name.npos;
  }
  if (!plain) return 0;
  for (const auto* section : {&message->answers, &message->authorities, &message->additionals})
    for (const auto& record : *section) dns::append_record(written, record);
  auto again = dns::parse_message(written);
  CHECK(again);
  CHECK(again->answers.size() == message->answers.size());
  for (size_t i = 0; i < again->answers.size(); ++i) {
    CHECK(again->answers[i].name == message->answers[i].name);
    CHECK(again->answers[i].rdata == message->answers[i].rdata);
  }
  return 0;
}
