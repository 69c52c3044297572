#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/disk.h"
#include "queue/site_quotas.h"

namespace waypost::daemon {

// How what sites got lasts over a restart: one small file, written as a whole
// (docs/format/control.md).
std::string encode_quotas(const std::vector<queue::KeptQuota>& quotas);
// Total: takes any octets. Fails with corrupt, saying what is wrong.
Result<std::vector<queue::KeptQuota>> decode_quotas(std::string_view octets);

// More are not kept.
constexpr size_t kept_sites_max = 100'000;

struct KeptQuotas {
  std::vector<queue::KeptQuota> quotas;
  std::string trouble;  // one sentence; empty when all is well
};
// A file that cannot be read is as none: it is written anew within a second.
KeptQuotas load_quotas(io::Disk& disk, const std::string& path);

}  // namespace waypost::daemon
