#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "daemon/quota_file.h"

using namespace waypost;
using namespace std::chrono_literals;

// quotas.json, which a crash or a person may have left in any state: what can be read is held
// against a site for its window at most, and reads the same when it is written again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto quotas =
      daemon::decode_quotas(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!quotas) return 0;
  const auto again = daemon::decode_quotas(daemon::encode_quotas(*quotas));
  CHECK(again && again->size() == quotas->size());
  const Instant now = Instant(1000h);
  const WallTime wall_now = WallTime(std::chrono::hours(500'000));
  shaping::SiteLimits limits;
  limits.messages_per_hour.value = 1;
  queue::QuotaBook book;
  book.restore(*quotas, now, wall_now);
  for (const queue::KeptQuota& quota : *quotas) {
    const auto site = book.open(quota.site, limits);
    CHECK(site->hour().used(now + 1h) == 0);
    CHECK(site->shortage(now).until <= now + 1h);
  }
  const auto kept = book.keep(now, wall_now, 1000);
  CHECK(kept.size() <= 3 * quotas->size());
  return 0;
}
