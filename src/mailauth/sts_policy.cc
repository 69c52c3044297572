#include "mailauth/sts_policy.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/ascii.h"
#include "dns/rdata.h"

namespace waypost::mailauth {
namespace {

constexpr size_t patterns_max = 200;
constexpr size_t lines_max = 2000;
constexpr size_t shown_octets_max = 60;
constexpr uint32_t max_age_max_s = 31'557'600;  // a year (RFC 8461 §3.2)
constexpr std::string_view wildcard = "*.";

std::string shown(std::string_view text) {
  return base::escape_control(text.substr(0, shown_octets_max));
}

class Reader {
 public:
  Result<StsPolicy> read(std::string_view text);

 private:
  Result<void> take(std::string_view line);
  Result<void> take_value(std::string_view key, std::string_view value);
  Result<void> take_pattern(std::string_view value);
  tl::unexpected<Error> wrong(std::string what) const {
    return failure(ErrorCode::invalid_input, fmt::format("line {}: {}", line_, what));
  }

  StsPolicy policy_;
  size_t line_ = 0;
  std::set<std::string, std::less<>> keys_;
};

Result<void> Reader::take_pattern(std::string_view value) {
  const bool wild = value.starts_with(wildcard);
  auto host = dns::normalize_name(wild ? value.substr(wildcard.size()) : value);
  if (!host || value.ends_with('.'))
    return wrong(fmt::format("\"{}\" is no host, and no \"*.\" and a domain", shown(value)));
  if (policy_.patterns.size() == patterns_max)
    return wrong(fmt::format("there are more than {} mx", patterns_max));
  policy_.patterns.push_back((wild ? std::string(wildcard) : "") + *host);
  return {};
}

Result<void> Reader::take_value(std::string_view key, std::string_view value) {
  if (key == "mx") return take_pattern(value);
  if (!keys_.insert(std::string(key)).second) return {};
  if (key == "version" && value != "STSv1")
    return wrong(fmt::format("the version is \"{}\", and must be STSv1", shown(value)));
  if (key == "mode") {
    for (StsMode mode : {StsMode::none, StsMode::testing, StsMode::enforce}) {
      if (value != name(mode)) continue;
      policy_.mode = mode;
      return {};
    }
    return wrong(fmt::format("the mode \"{}\" is none of enforce, testing and none", shown(value)));
  }
  if (key == "max_age") {
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), policy_.max_age_s);
    if (error != std::errc() || end != value.data() + value.size() ||
        policy_.max_age_s > max_age_max_s)
      return wrong(fmt::format("max_age is \"{}\", and must be seconds, at most {}", shown(value),
                               max_age_max_s));
  }
  return {};
}

Result<void> Reader::take(std::string_view line) {
  ++line_;
  if (line_ > lines_max) return wrong("there are too many lines");
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (base::trim(line).empty()) return {};
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos)
    return wrong(fmt::format("\"{}\" is no KEY: VALUE", shown(line)));
  return take_value(line.substr(0, colon), base::trim(line.substr(colon + 1)));
}

Result<StsPolicy> Reader::read(std::string_view text) {
  if (text.size() > sts_policy_octets_max)
    return failure(ErrorCode::invalid_input, "it is longer than 64 KiB");
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    TRY_VOID(take(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  for (const char* key : {"version", "mode", "max_age"})
    if (!keys_.contains(key))
      return failure(ErrorCode::invalid_input, fmt::format("it has no \"{}:\"", key));
  if (policy_.patterns.empty() && policy_.mode != StsMode::none)
    return failure(ErrorCode::invalid_input, "it has no \"mx:\"");
  return std::move(policy_);
}

}  // namespace

std::string_view name(StsMode mode) {
  static constexpr std::string_view names[] = {"none", "testing", "enforce"};
  return names[static_cast<size_t>(mode)];
}

bool StsPolicy::names(std::string_view host) const {
  if (host.ends_with('.')) host.remove_suffix(1);
  const std::string_view parent = host.substr(std::min(host.find('.'), host.size()));
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    if (!pattern.starts_with(wildcard)) return base::equals_ignoring_case(pattern, host);
    return base::equals_ignoring_case(std::string_view(pattern).substr(1), parent);
  });
}

Result<StsPolicy> parse_sts_policy(std::string_view text) { return Reader().read(text); }

}  // namespace waypost::mailauth
