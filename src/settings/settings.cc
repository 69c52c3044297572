#include "settings/settings.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/check.h"
#include "settings/dialect.h"

namespace waypost::settings {
namespace {

// All of it on one line, since it begins a message.
std::string shown_file(std::string_view file) {
  return file.empty() ? std::string("settings") : base::escape_control(file);
}

std::string known_dialects() {
  std::vector<std::string_view> names;
  for (const Form& each : forms()) names.push_back(each.name);
  return fmt::to_string(fmt::join(names, ", "));
}

// A URL pasted as the host may hold a password: smtp://user:password@host.
void hide_pasted_password(Settings& settings) {
  const std::string& host = settings.host.value;
  const size_t at = host.rfind('@');
  if (at == std::string::npos || host.substr(0, at).find(':') == std::string::npos) return;
  const size_t offset = settings.host.place.offset;
  settings.host.place.raw.clear();
  for (Assignment& assignment : settings.assignments) {
    if (assignment.place.offset != offset) continue;
    assignment.is_secret = true;
    assignment.place.raw.clear();
  }
}

}  // namespace

tl::unexpected<Error> complaint(const Settings& settings, const Place& place, std::string message) {
  return failure(ErrorCode::invalid_input,
                 fmt::format("{}:{}:{}: {}", settings.file, place.line, place.column, message));
}

std::span<const Form> forms() {
  static const Form all[] = {postfix_form,   laravel_form, msmtp_form,   wp_mail_smtp_form,
                             phpmailer_form, django_form,  waypost_form, nodemailer_form};
  return all;
}

const Form& form(Dialect dialect) {
  const auto all = forms();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Form& each) { return each.dialect == dialect; });
  CHECK(found != all.end());
  return *found;
}

std::string_view name(Dialect dialect) { return form(dialect).name; }

std::optional<Dialect> recognise(std::string_view text, std::string_view file) {
  const size_t slash = file.rfind('/');
  const std::string base_name =
      base::to_lower(slash == std::string_view::npos ? file : file.substr(slash + 1));
  for (const Form& each : forms())
    if (each.has_file_name(base_name)) return each.dialect;
  text = text.substr(0, text_octets_max);
  for (const Form& each : forms())
    if (each.has_content(text)) return each.dialect;
  return std::nullopt;
}

Result<Settings> read(std::string_view text, std::optional<Dialect> dialect, std::string_view file,
                      std::string_view account) {
  Settings settings;
  settings.file = shown_file(file);
  if (text.size() > text_octets_max)
    return failure(ErrorCode::resource_exhausted,
                   fmt::format("{}: longer than 1 MiB, so these are no settings", settings.file));
  if (!dialect) dialect = recognise(text, file);
  if (!dialect)
    return failure(ErrorCode::invalid_input, fmt::format("{}: not recognised as settings of {}",
                                                         settings.file, known_dialects()));
  constexpr std::string_view byte_order_marks[] = {"\xff\xfe", "\xfe\xff"};
  for (const std::string_view mark : byte_order_marks)
    if (text.starts_with(mark))
      return failure(
          ErrorCode::invalid_input,
          fmt::format("{}: UTF-16, which no mail program reads: save it as UTF-8", settings.file));
  settings.dialect = *dialect;
  settings.text = base::Secret(text);
  const SourceText source(settings.text.reveal());
  TRY_VOID(form(*dialect).read(source, account, settings));
  hide_pasted_password(settings);
  return settings;
}

}  // namespace waypost::settings
