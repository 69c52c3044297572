#include "daemon/quota_file.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/utf8.h"

namespace waypost::daemon {
namespace {

namespace json = boost::json;
using queue::KeptQuota;

constexpr int64_t version = 1;
// All quotas of the most sites, each with a long name and half of its parts used.
constexpr uint64_t file_octets_max = 512ull << 20;
constexpr size_t quotas_max = 3 * kept_sites_max;
constexpr size_t site_octets_max = 1024;
constexpr int64_t window_seconds_max = 30 * 86'400;
constexpr int64_t count_max = int64_t{1} << 40;
constexpr int64_t milliseconds_max = 253'402'300'799'000;  // the end of the year 9999

std::optional<int64_t> whole_number(const json::value* value, int64_t from, int64_t to) {
  if (!value || !value->is_int64()) return std::nullopt;
  int64_t number = value->get_int64();
  if (number < from || number > to) return std::nullopt;
  return number;
}

Result<KeptQuota> parse_quota(const json::value& value) {
  auto corrupt = [](std::string why) { return failure(ErrorCode::corrupt, std::move(why)); };
  if (!value.is_object()) return corrupt("a quota is no JSON object");
  const json::object& object = value.get_object();
  const json::value* site = object.if_contains("site");
  if (!site || !site->is_string() || site->get_string().size() > site_octets_max)
    return corrupt("a quota does not name its site");
  auto window = whole_number(object.if_contains("window_s"), 1, window_seconds_max);
  if (!window) return corrupt("a quota has no window");
  const json::value* counts = object.if_contains("counts");
  if (!counts || !counts->is_array() ||
      counts->get_array().size() > shaping::Quota::parts_a_window + 2)
    return corrupt("a quota has no list of counts, or too long a one");
  KeptQuota quota{std::string(site->get_string()), std::chrono::seconds(*window), {}};
  for (const json::value& one : counts->get_array()) {
    const json::array* pair = one.if_array();
    if (!pair || pair->size() != 2) return corrupt("a count is no pair of numbers");
    auto last = whole_number(&(*pair)[0], 0, milliseconds_max);
    auto count = whole_number(&(*pair)[1], 1, count_max);
    if (!last || !count) return corrupt("a count is no pair of a time and a number");
    quota.counts.emplace_back(WallTime(std::chrono::milliseconds(*last)), uint64_t(*count));
  }
  return quota;
}

}  // namespace

std::string encode_quotas(const std::vector<KeptQuota>& quotas) {
  json::array list;
  for (const KeptQuota& quota : quotas) {
    json::array counts;
    for (const auto& [last, count] : quota.counts) {
      auto at = std::chrono::ceil<std::chrono::milliseconds>(last.time_since_epoch());
      counts.push_back(json::array{at.count(), count});
    }
    auto window = std::chrono::duration_cast<std::chrono::seconds>(quota.window);
    list.push_back(json::object{{"site", base::to_valid_utf8(quota.site)},
                                {"window_s", window.count()},
                                {"counts", std::move(counts)}});
  }
  return json::serialize(json::object{{"v", version}, {"quotas", std::move(list)}}) + "\n";
}

Result<std::vector<KeptQuota>> decode_quotas(std::string_view octets) {
  auto corrupt = [](std::string why) { return failure(ErrorCode::corrupt, std::move(why)); };
  json::error_code error;
  json::value value = json::parse(json::string_view(octets.data(), octets.size()), error);
  if (error || !value.is_object()) return corrupt("it is no JSON object");
  if (!whole_number(value.get_object().if_contains("v"), version, version))
    return corrupt(fmt::format("its version is not {}", version));
  const json::value* list = value.get_object().if_contains("quotas");
  if (!list || !list->is_array() || list->get_array().size() > quotas_max)
    return corrupt(fmt::format("it has no list of {} quotas at most", quotas_max));
  std::vector<KeptQuota> quotas;
  for (const json::value& one : list->get_array()) {
    TRY(KeptQuota quota, parse_quota(one));
    quotas.push_back(std::move(quota));
  }
  return quotas;
}

KeptQuotas load_quotas(io::Disk& disk, const std::string& path) {
  KeptQuotas kept;
  if (!disk.exists(path)) return kept;
  Result<std::vector<KeptQuota>> quotas = failure(ErrorCode::corrupt, "");
  if (Result<std::string> octets = disk.read_file(path, file_octets_max))
    quotas = decode_quotas(*octets);
  else
    quotas = failure(std::move(octets).error());
  if (quotas)
    kept.quotas = *std::move(quotas);
  else
    kept.trouble = fmt::format(
        "{} cannot be read ({}): what sites got before this start does not count against their "
        "limits an hour and a day",
        path, quotas.error().describe());
  return kept;
}

}  // namespace waypost::daemon
