#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "mailauth/sts_policy.h"

using namespace waypost;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policy = mailauth::parse_sts_policy(text);
  if (!policy) {
    CHECK(policy.error().code() == ErrorCode::invalid_input &&
          policy.error().message().size() < 500);
    return 0;
  }
  CHECK(size <= mailauth::sts_policy_octets_max);
  CHECK(policy->mode == mailauth::StsMode::none || !policy->patterns.empty());
  // What was understood means the same again.
  std::string again = "version: STSv1\nmode: " + std::string(name(policy->mode)) + "\n";
  for (const std::string& pattern : policy->patterns) {
    again += "mx: " + pattern + "\n";
    const bool wild = pattern.starts_with("*.");
    CHECK(policy->names(wild ? "x" + pattern.substr(1) : pattern));
    CHECK(!policy->names(pattern + ".x") || policy->patterns.size() > 1);
  }
  const auto reread =
      mailauth::parse_sts_policy(again + "max_age: " + std::to_string(policy->max_age_s));
  CHECK(reread && reread->patterns == policy->patterns && reread->mode == policy->mode);
  CHECK(reread->max_age_s == policy->max_age_s);
  return 0;
}
