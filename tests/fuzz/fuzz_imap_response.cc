#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "seeds/imap.h"
#include "seeds/response.h"

using namespace waypost::seeds;

// However the octets come in, the same responses are cut from them, and reading each is total.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view octets(reinterpret_cast<const char*>(data), size);
  ResponseReader whole, pieces;
  whole.feed(octets);
  size_t fed = 0;
  while (true) {
    auto next = whole.next();
    if (!next || !*next) return 0;
    auto same = pieces.next();
    while (same && !*same && fed < octets.size()) {
      pieces.feed(octets.substr(fed, 7));
      fed = fed + 7 < octets.size() ? fed + 7 : octets.size();
      same = pieces.next();
    }
    CHECK(same && *same && **same == **next);
    const auto response = parse_response(**next);
    if (!response) continue;
    CHECK(response->values.size() <= response_values_max);
    if (const auto folder = folder_of(*response)) CHECK(quoted(folder->name).has_value());
    if (const auto message = message_of(*response)) CHECK(message->uid != 0);
  }
}
