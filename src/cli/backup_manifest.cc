#include "cli/backup_manifest.h"

#include <algorithm>

#include <boost/json.hpp>

#include "base/ascii.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;

constexpr int64_t version = 1;
constexpr size_t digest_digits = 64;

tl::unexpected<Error> wrong(std::string why) {
  return failure(ErrorCode::corrupt, "backup.json: " + std::move(why));
}

bool is_safe_name(std::string_view name) {
  auto allowed = [](char c) { return base::is_alnum(c) || c == '.' || c == '-' || c == '_'; };
  return !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), allowed);
}

bool is_digest(std::string_view text) {
  return text.size() == digest_digits && std::all_of(text.begin(), text.end(), [](char c) {
           return base::is_digit(c) || (c >= 'a' && c <= 'f');
         });
}

Result<BackupFile> parse_file(const json::value& value) {
  const json::object* object = value.if_object();
  const json::value* path = object ? object->if_contains("path") : nullptr;
  const json::value* octets = object ? object->if_contains("octets") : nullptr;
  const json::value* sha256 = object ? object->if_contains("sha256") : nullptr;
  if (!path || !octets || !sha256 || !path->is_string() || !octets->is_int64() ||
      octets->get_int64() < 0 || !sha256->is_string())
    return wrong("a file without path, octets and sha256");
  BackupFile file{std::string(path->get_string()), uint64_t(octets->get_int64()),
                  std::string(sha256->get_string())};
  if (!is_backup_path(file.path)) return wrong("\"" + file.path + "\" is no file of a backup");
  if (!is_digest(file.sha256)) return wrong("\"" + file.sha256 + "\" is no SHA-256");
  return file;
}

uint64_t number_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_int64() && value->get_int64() > 0 ? uint64_t(value->get_int64()) : 0;
}

}  // namespace

bool is_signing_key_path(std::string_view path) {
  constexpr std::string_view folder = "keys/";
  if (!path.starts_with(folder)) return false;
  path.remove_prefix(folder.size());
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) return is_safe_name(path) && path.ends_with(".toml");
  const std::string_view key = path.substr(slash + 1);
  return is_safe_name(path.substr(0, slash)) && is_safe_name(key) && key.ends_with(".pem");
}

bool is_backup_path(std::string_view path) {
  if (path == "pauses.json" || path == "limits.json" || path == "return-path.key") return true;
  if (is_signing_key_path(path)) return true;
  bool known = false;
  for (std::string_view folder :
       {"spool/", "records/", "records/events/", "drop/new/", "drop/refused/"})
    known |= path.starts_with(folder) && is_safe_name(path.substr(folder.size()));
  return known;
}

std::string encode(const BackupManifest& manifest) {
  json::array files;
  for (const BackupFile& file : manifest.files)
    files.push_back({{"path", file.path}, {"octets", file.octets}, {"sha256", file.sha256}});
  return json::serialize(json::object{{"v", version},
                                      {"made_at", base::to_rfc3339(manifest.made_at)},
                                      {"whole", manifest.whole},
                                      {"messages", manifest.messages},
                                      {"waiting", manifest.waiting},
                                      {"files", std::move(files)}}) +
         "\n";
}

Result<BackupManifest> parse_manifest(std::string_view text) {
  json::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object()) return wrong("it is no JSON object");
  const json::object& object = value.get_object();
  const json::value* v = object.if_contains("v");
  if (!v || !v->is_int64()) return wrong("it has no version");
  if (v->get_int64() != version)
    return failure(ErrorCode::unavailable, "backup.json: a newer Waypost wrote it");
  const json::value* made_at = object.if_contains("made_at");
  const json::value* whole = object.if_contains("whole");
  const json::value* files = object.if_contains("files");
  if (!made_at || !made_at->is_string() || !whole || !whole->is_bool() || !files ||
      !files->is_array())
    return wrong("it has no made_at, whole or files");
  BackupManifest manifest;
  TRY(manifest.made_at, base::parse_rfc3339(std::string(made_at->get_string())));
  manifest.whole = whole->get_bool();
  manifest.messages = number_of(object, "messages");
  manifest.waiting = number_of(object, "waiting");
  for (const json::value& entry : files->get_array()) {
    TRY(BackupFile file, parse_file(entry));
    manifest.files.push_back(std::move(file));
  }
  return manifest;
}

}  // namespace waypost::cli
