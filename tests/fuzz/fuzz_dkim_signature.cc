#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "mailauth/dkim_verify.h"

using namespace waypost;
using namespace waypost::mailauth;

namespace {

constexpr std::string_view key =
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

std::vector<DkimResult> verify(std::string_view message, size_t piece_octets) {
  const message::HeaderBlock block = message::scan_header_block(message);
  DkimVerifier verifier(message, block, WallTime(std::chrono::seconds(1'528'637'909)));
  for (std::string_view body = message.substr(block.body_offset); !body.empty();) {
    verifier.add_body(body.substr(0, piece_octets));
    body.remove_prefix(std::min(piece_octets, body.size()));
  }
  verifier.finish_body();
  KeyAnswers keys;
  for (const std::string& name : verifier.key_names())
    keys[name] = {KeyAnswer::Outcome::found, {std::string(key)}, ""};
  return verifier.judge(keys);
}

}  // namespace

// A message: its signatures are judged the same, however its body comes in pieces.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto whole = verify(octets, octets.size());
  const auto pieces = verify(octets, 1 + size % 5);
  CHECK(whole.size() == pieces.size() && whole.size() <= dkim_signatures_max + 1);
  for (size_t i = 0; i < whole.size(); ++i) {
    CHECK(whole[i].status == pieces[i].status && whole[i].reason == pieces[i].reason);
    CHECK(whole[i].status != DkimStatus::none && !whole[i].reason.empty());
  }
  return 0;
}
