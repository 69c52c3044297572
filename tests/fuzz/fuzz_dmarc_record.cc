#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "mailauth/dmarc_record.h"

using namespace waypost;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto record = mailauth::parse_dmarc_record(text);
  CHECK(record.has_value() == mailauth::is_dmarc_record(text));
  if (!record) return 0;
  CHECK(record->text == text);
  CHECK(!record->tags.empty() && record->tags.front().first == "v");
  CHECK(record->policy || (record->own() == mailauth::DmarcPolicy::none));
  CHECK(record->applies() == (record->policy.has_value() || !record->aggregate_uris.empty()));
  for (const std::string& uri : record->aggregate_uris) CHECK(uri.find(':') != uri.npos);
  // The tags alone mean the same again.
  std::string again;
  for (const auto& [tag, value] : record->tags) again += tag + "=" + value + ";";
  const auto reread = mailauth::parse_dmarc_record(again);
  CHECK(reread && reread->policy == record->policy && reread->suffix == record->suffix);
  CHECK(reread->for_subdomain(false) == record->for_subdomain(false));
  CHECK(reread->aggregate_uris == record->aggregate_uris);
  return 0;
}
