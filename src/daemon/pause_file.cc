#include "daemon/pause_file.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "daemon/queue_requests.h"

namespace waypost::daemon {
namespace {

namespace json = boost::json;

constexpr int64_t version = 1;
// The most pauses with the longest texts, each octet escaped.
constexpr size_t file_octets_max = 16 << 20;
constexpr unsigned owner_only = 0600;

}  // namespace

std::string encode_pauses(const std::vector<queue::Pause>& pauses) {
  json::array list;
  for (const queue::Pause& pause : pauses) list.push_back(to_json(pause));
  return json::serialize(json::object{{"v", version}, {"pauses", std::move(list)}}) + "\n";
}

Result<std::vector<queue::Pause>> decode_pauses(std::string_view octets) {
  auto corrupt = [](std::string why) { return failure(ErrorCode::corrupt, std::move(why)); };
  json::error_code error;
  json::value value = json::parse(json::string_view(octets.data(), octets.size()), error);
  if (error || !value.is_object()) return corrupt("it is no JSON object");
  const json::value* stated = value.get_object().if_contains("v");
  if (!stated || !stated->is_int64() || stated->get_int64() != version)
    return corrupt(fmt::format("its version is not {}", version));
  const json::value* list = value.get_object().if_contains("pauses");
  if (!list || !list->is_array() || list->get_array().size() > queue::pauses_max)
    return corrupt(fmt::format("it has no list of {} pauses at most", queue::pauses_max));
  std::vector<queue::Pause> pauses;
  for (const json::value& one : list->get_array()) {
    if (!one.is_object()) return corrupt("a pause is no JSON object");
    Result<queue::Pause> pause = parse_pause(one.get_object());
    if (!pause) return corrupt(pause.error().message());
    pauses.push_back(*std::move(pause));
  }
  return pauses;
}

Result<void> save_pauses(io::Disk& disk, const std::string& path, std::string_view octets) {
  return disk.write_file(path, octets, owner_only);
}

KeptPauses load_pauses(io::Disk& disk, const std::string& path, WallTime now) {
  KeptPauses kept;
  if (!disk.exists(path)) return kept;
  Result<std::string> octets = disk.read_file(path, file_octets_max);
  Result<std::vector<queue::Pause>> pauses = failure(ErrorCode::corrupt, "");
  if (octets)
    pauses = decode_pauses(*octets);
  else
    pauses = failure(std::move(octets).error());
  if (pauses) {
    kept.pauses = *std::move(pauses);
    std::erase_if(kept.pauses, [&](const queue::Pause& p) { return p.until && *p.until <= now; });
    return kept;
  }
  const std::string aside = path + ".damaged";
  Result<void> moved = disk.rename(path, aside);
  kept.trouble = fmt::format(
      "{} cannot be read ({}): no pause holds any longer, and its mail goes out; the file is {}",
      path, pauses.error().describe(), moved ? "kept as " + aside : "still there");
  return kept;
}

}  // namespace waypost::daemon
