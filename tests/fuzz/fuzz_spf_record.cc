#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "mailauth/spf_record.h"

using namespace waypost;

namespace {

void check_network(const mailauth::SpfDirective& directive) {
  const mailauth::Network& network = directive.network;
  CHECK(network.bits <= network.width());
  CHECK(network.first <= network.last());
  mailauth::AddressSet set;
  set.add(network);
  CHECK(set.networks().size() == 1 && set.networks().front() == network);
  mailauth::AddressSet rest = mailauth::AddressSet::everything();
  rest.remove(set);
  CHECK(rest.common_with(set).empty());
  rest.add(set);
  CHECK(rest == mailauth::AddressSet::everything());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto record = mailauth::parse_spf_record(text);
  if (!record) return 0;
  CHECK(mailauth::is_spf_record(text));
  // The terms as they are shown mean the same again.
  std::string again = "v=spf1";
  for (const auto& directive : record->directives) {
    again += " " + directive.text;
    check_network(directive);
  }
  for (const std::string& modifier : record->unknown_modifiers) again += " " + modifier;
  if (record->redirect) again += " " + record->redirect->text;
  if (record->explanation) again += " " + record->explanation->text;
  const auto reread = mailauth::parse_spf_record(again);
  CHECK(reread && reread->directives.size() == record->directives.size());
  for (size_t i = 0; i < record->directives.size(); ++i)
    CHECK(reread->directives[i].mechanism == record->directives[i].mechanism);
  return 0;
}
