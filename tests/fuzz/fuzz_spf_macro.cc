#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "dns/rdata.h"
#include "mailauth/spf_macro.h"

using namespace waypost;
using mailauth::MacroString;

// The local part and the macros, with a line feed between them: a sender chooses both.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(text.find('\n'), text.size());
  mailauth::MacroValues values;
  values.local_part = text.substr(0, end);
  values.sender_domain = values.domain = "mail.example.net";
  values.helo = values.local_part;
  values.ip = *IpAddress::parse(size % 2 == 0 ? "192.0.2.1" : "2001:db8::1");
  values.validated = "unknown";
  const std::string_view written = text.substr(std::min(end + 1, text.size()));
  for (MacroString::Place place : {MacroString::Place::record, MacroString::Place::explanation}) {
    const auto macros = MacroString::parse(written, place);
    if (!macros) continue;
    CHECK(macros->expand(values).size() <= 65'536);
    // Whatever comes out, once its labels are escaped it is a question or is refused as none.
    const std::string name = mailauth::escape_labels(macros->expand_domain(values));
    for (char c : name) CHECK(c > 0x20 && c < 0x7f);
    if (auto question = dns::normalize_question(name))
      CHECK(*dns::normalize_question(*question) == *question);
  }
  return 0;
}
