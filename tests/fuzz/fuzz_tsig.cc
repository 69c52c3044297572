#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "dns/message.h"
#include "publish/tsig.h"

using namespace waypost;

// The first octet says which: a key file, or what a name server answers to an update.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view octets(reinterpret_cast<const char*>(data), size);
  if (octets.empty()) return 0;
  const bool is_file = octets[0] == 'k';
  if (is_file) {
    if (auto key = publish::parse_tsig_key(octets))
      CHECK(!key->name.empty() && !key->secret.empty());
    return 0;
  }
  octets.remove_prefix(1);
  static const WallTime now{std::chrono::seconds(1'800'000'000)};
  publish::TsigKey key{"update.shop.example", publish::TsigAlgorithm::hmac_sha256,
                       Secret("secret of thirty-two octets!!!!!")};
  auto message = dns::parse_message(octets);
  auto answer = publish::check_answer(octets, key, "mac", now);
  CHECK(message || !answer);
  if (!message) return 0;
  CHECK(message->last_record_at <= octets.size());
  if (octets.size() > 1000) return 0;
  // Whatever it is, signed it can be read again, and its signature is the last record.
  const auto made = publish::sign_message(std::string(octets), key, now);
  auto again = dns::parse_message(made.octets);
  CHECK(again && !again->additionals.empty());
  CHECK(again->additionals.back().type == dns::record_type::tsig);
  return 0;
}
