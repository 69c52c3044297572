#include "daemon/kept_list.h"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace waypost::daemon {
namespace {

namespace json = boost::json;

constexpr int64_t version = 1;
// The most entries with the longest texts, each octet escaped.
constexpr size_t file_octets_max = 16 << 20;
constexpr unsigned owner_only = 0600;

}  // namespace

std::string encode_list(std::string_view key, json::array list) {
  return json::serialize(json::object{{"v", version}, {key, std::move(list)}}) + "\n";
}

Result<json::array> decode_list(std::string_view octets, std::string_view key, size_t count_max) {
  auto corrupt = [](std::string why) { return failure(ErrorCode::corrupt, std::move(why)); };
  json::error_code error;
  json::value value = json::parse(json::string_view(octets.data(), octets.size()), error);
  if (error || !value.is_object()) return corrupt("it is no JSON object");
  const json::value* stated = value.get_object().if_contains("v");
  if (!stated || !stated->is_int64() || stated->get_int64() != version)
    return corrupt(fmt::format("its version is not {}", version));
  json::value* list = value.get_object().if_contains(key);
  if (!list || !list->is_array() || list->get_array().size() > count_max)
    return corrupt(fmt::format("it has no list of {} {} at most", count_max, key));
  return std::move(list->get_array());
}

Result<void> save_list(io::Disk& disk, const std::string& path, std::string_view octets) {
  return disk.write_file(path, octets, owner_only);
}

Result<std::string> read_list(io::Disk& disk, const std::string& path) {
  return disk.read_file(path, file_octets_max);
}

std::string set_aside(io::Disk& disk, const std::string& path, const Error& why,
                      std::string_view consequence) {
  const std::string aside = path + ".damaged";
  Result<void> moved = disk.rename(path, aside);
  return fmt::format("{} cannot be read ({}): {}; the file is {}", path, why.describe(),
                     consequence, moved ? "kept as " + aside : "still there");
}

}  // namespace waypost::daemon
