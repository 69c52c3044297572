// Laravel's .env, as phpdotenv reads it: MAIL_HOST=smtp.example.com
#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "settings/dialect.h"
#include "settings/sheet.h"

namespace waypost::settings {
namespace {

// Editors of Windows put it before the first line, and phpdotenv passes over it.
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

struct Line {
  std::string_view key;
  size_t key_offset = 0;
  size_t offset = 0;  // of the value, quotes included
  size_t length = 0;
  std::string value;
  bool is_elsewhere = false;
  bool is_open = false;
};

// The octets of the literal at the start of `rest`, its quotes included.
size_t read_quoted(std::string_view rest, Line& line) {
  const char quote = rest.front();
  size_t at = 1;
  for (; at < rest.size() && rest[at] != quote; ++at) {
    if (quote == '"' && rest[at] == '\\' && at + 1 < rest.size()) ++at;
    line.value += rest[at];
  }
  line.is_open = at >= rest.size();
  if (quote == '"') line.is_elsewhere = line.value.find("${") != std::string::npos;
  return std::min(at + 1, rest.size());
}

Line line_in(std::string_view text, size_t start) {
  Line line;
  size_t begin = start == 0 && text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  begin = std::min(text.find_first_not_of(" \t", begin), text.size());
  if (text.substr(begin).starts_with("export ")) begin += 7;
  const size_t equals = text.find('=', begin);
  if (begin == text.size() || text[begin] == '#' || equals == std::string_view::npos) return line;
  line.key = base::trim(text.substr(begin, equals - begin));
  line.key_offset = start + begin;
  const size_t value = std::min(text.find_first_not_of(" \t", equals + 1), text.size());
  const std::string_view rest = text.substr(value);
  line.offset = start + value;
  if (!rest.empty() && (rest.front() == '"' || rest.front() == '\'')) {
    line.length = read_quoted(rest, line);
    return line;
  }
  size_t comment = rest.find(" #");
  if (rest.starts_with('#')) comment = 0;
  line.value = base::trim(rest.substr(0, comment));
  line.length = line.value.size();
  line.is_elsewhere = line.value.find("${") != std::string::npos;
  if (base::equals_ignoring_case(line.value, "null") || line.value == "(null)") line.value.clear();
  return line;
}

void fill_encryption(const Sheet& sheet, Settings& settings) {
  const Sheet::Entry* scheme = sheet.has("MAIL_SCHEME") ? sheet.find("MAIL_SCHEME") : nullptr;
  const Sheet::Entry* encryption = sheet.find("MAIL_ENCRYPTION");
  const std::string word = base::to_lower(sheet.value(scheme ? "MAIL_SCHEME" : "MAIL_ENCRYPTION"));
  const Sheet::Entry* said = scheme ? scheme : encryption;
  settings.is_opportunistic = true;
  if (said && said->is_elsewhere) return take_as(Encryption::unset, said, settings.encryption);
  // Since Laravel 9 port 465 means implicit TLS with MAIL_ENCRYPTION=tls as well.
  const bool is_implicit =
      word == "smtps" || word == "ssl" || (word != "smtp" && settings.port.value == 465);
  if (is_implicit) settings.is_opportunistic = false;
  take_as(is_implicit ? Encryption::implicit : Encryption::starttls, said, settings.encryption);
}

Result<void> read_laravel(const SourceText& source, std::string_view, Settings& settings) {
  Sheet sheet(source);
  for (size_t i = 0; i < source.line_count(); ++i) {
    Line line = line_in(source.line(i), source.line_start(i));
    if (!line.key.starts_with("MAIL_")) continue;
    if (line.is_open)
      return complaint(settings, source.place(line.offset, 0),
                       "the quote that opens here is not closed");
    const bool is_secret = line.key == "MAIL_PASSWORD" || line.key == "MAIL_URL";
    sheet.add({line.key, line.key_offset, line.offset, line.length, line.value, line.is_elsewhere},
              is_secret && !line.is_elsewhere);
    base::Secret::wipe(line.value);
  }
  TRY_VOID(sheet.hand_over(settings));
  settings.host.value = "127.0.0.1";
  take(sheet.find("MAIL_HOST"), settings.host);
  settings.port.value = 2525;
  take_port(sheet.find("MAIL_PORT"), settings.port);
  take(sheet.find("MAIL_USERNAME"), settings.user);
  take(sheet.find("MAIL_PASSWORD"), settings.password);
  take(sheet.find("MAIL_FROM_ADDRESS"), settings.from);
  take_as(sheet.has("MAIL_USERNAME"), sheet.find("MAIL_USERNAME"), settings.login);
  settings.check_certificate.value = true;
  fill_encryption(sheet, settings);
  return {};
}

bool has_file_name(std::string_view file) {
  return file == ".env" || file.starts_with(".env.") || file.ends_with(".env");
}

bool has_content(std::string_view text) {
  const SourceText source(text);
  for (size_t i = 0; i < source.line_count(); ++i) {
    const std::string_view key = line_in(source.line(i), source.line_start(i)).key;
    if (key == "MAIL_HOST" || key == "MAIL_MAILER" || key == "MAIL_DRIVER") return true;
  }
  return false;
}

// A value that needs no quotes stands without, as in Laravel's own example.
std::string bare_or_quoted(std::string_view text) {
  const bool is_bare = text.find_first_of(" \t#\"'\\$=") == std::string_view::npos;
  if (is_bare) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '$') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::vector<Wanted> write(const Settings& settings, const Change& change) {
  std::vector<Wanted> wanted;
  if (change.host) wanted.push_back({"MAIL_HOST", bare_or_quoted(*change.host)});
  if (change.port) wanted.push_back({"MAIL_PORT", std::to_string(*change.port)});
  if (change.encryption) {
    const bool has_scheme =
        settings.encryption.is_written()
            ? std::any_of(settings.assignments.begin(), settings.assignments.end(),
                          [&](const Assignment& each) {
                            return each.key == "MAIL_SCHEME" &&
                                   each.place.offset == settings.encryption.place.offset;
                          })
            : false;
    const bool is_implicit = *change.encryption == Encryption::implicit;
    if (has_scheme)
      wanted.push_back({"MAIL_SCHEME", is_implicit ? "smtps" : "smtp"});
    else
      wanted.push_back({"MAIL_ENCRYPTION", is_implicit ? "ssl" : "tls"});
  }
  if (change.user) wanted.push_back({"MAIL_USERNAME", bare_or_quoted(*change.user)});
  return wanted;
}

std::string statement(const Settings&, const Assignment&, const Wanted& wanted) {
  return fmt::format("{}={}", wanted.key, wanted.literal);
}

}  // namespace

const Form laravel_form{Dialect::laravel, "Laravel .env", has_file_name, has_content,
                        read_laravel,     write,          statement};

}  // namespace waypost::settings
