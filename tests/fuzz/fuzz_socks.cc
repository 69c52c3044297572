#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "delivery/socks.h"

using namespace waypost;

// What a proxy answers. The first octet says whether there is a login.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view octets(reinterpret_cast<const char*>(data), size);
  if (octets.empty()) return 0;
  std::optional<delivery::SocksDialogue::Login> login;
  if (octets[0] & 1) login = delivery::SocksDialogue::Login{"name", Secret("secret")};
  octets.remove_prefix(1);
  delivery::SocksDialogue dialogue({IpAddress::v4({192, 0, 2, 1}), 25}, std::move(login));
  while (!dialogue.done()) {
    static_cast<void>(dialogue.take_output());
    CHECK(dialogue.wanted() > 0 && dialogue.wanted() <= 257);
    if (octets.size() < dialogue.wanted()) return 0;
    std::string_view answer = octets.substr(0, dialogue.wanted());
    octets.remove_prefix(answer.size());
    if (!dialogue.take(answer)) return 0;
  }
  CHECK(dialogue.wanted() == 0 && dialogue.asked());
  return 0;
}
