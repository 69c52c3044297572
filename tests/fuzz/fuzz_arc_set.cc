#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "mailauth/arc_seal.h"
#include "mailauth/arc_validate.h"

using namespace waypost;
using namespace waypost::mailauth;

namespace {

constexpr std::string_view seed = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";

ArcResult validate(std::string_view message) {
  const message::HeaderBlock block = message::scan_header_block(message);
  ArcValidator validator(message, block);
  validator.add_body(message.substr(block.body_offset));
  validator.finish_body();
  KeyAnswers keys;
  for (const std::string& name : validator.key_names())
    keys[name] = {KeyAnswer::Outcome::found,
                  {"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="},
                  ""};
  return validator.judge(keys);
}

const ArcSealPlan& plan() {
  static const ArcSealPlan made = *ArcSealPlan::create(
      "a.example", {"s", std::make_shared<PrivateKey>(*PrivateKey::parse(Secret(seed)))},
      "mx.a.example");
  return made;
}

}  // namespace

// A message with the fields of a chain. What we seal must validate, whatever came before, unless
// that was broken.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const ArcResult before = validate(octets);
  CHECK(before.sets.size() <= arc_sets_max && !before.reason.empty());
  const message::HeaderBlock block = message::scan_header_block(octets);
  auto sealing = ArcSealing::start(plan(), octets, block, before.status, {"spf=pass"},
                                   WallTime(std::chrono::seconds(1)));
  if (!sealing || !sealing->adds_set()) return 0;
  sealing->add_body(octets.substr(block.body_offset));
  const auto fields = sealing->finish();
  CHECK(fields);
  // Without a header the first line of a body must not become one of its fields.
  if (block.fields.empty()) return 0;
  const ArcResult after = validate(*fields + std::string(octets));
  CHECK((after.status == ChainValidation::pass) == (before.status != ChainValidation::fail));
  return 0;
}
