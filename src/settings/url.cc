#include "settings/url.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/ascii.h"
#include "settings/sheet.h"

namespace waypost::settings {
namespace {

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned octet = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, octet, 16).ptr == digits + 2) {
      out += char(octet);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (base::is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~')
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

bool ends_in_port(std::string_view text) {
  const size_t colon = text.rfind(':');
  return colon != std::string_view::npos &&
         number_in(text.substr(colon + 1, text.find_first_of("/?#", colon) - colon - 1)) > 0;
}

// Symfony's and Nodemailer's options that say how the connection is encrypted.
constexpr std::string_view options[] = {"auto_tls", "require_tls", "secure", "requireTLS",
                                        "ignoreTLS"};

// The "a=1&b=2" behind the "?", where the part in front of it ends at `end`.
void add_options(std::string_view url, size_t offset, size_t end, Sheet& sheet) {
  size_t at = std::min(url.find('?', end), url.size());
  while (at < url.size()) {
    const size_t begin = at + 1;
    at = std::min(url.find('&', begin), url.size());
    const std::string_view option = url.substr(begin, at - begin);
    const size_t equals = option.find('=');
    const std::string_view name = option.substr(0, equals);
    if (equals == std::string_view::npos ||
        std::find(std::begin(options), std::end(options), name) == std::end(options))
      continue;
    const std::string_view value = option.substr(equals + 1);
    const size_t value_at = offset + begin + equals + 1;
    sheet.add({fmt::format("url.{}", name), offset + begin, value_at, value.size(), value, false},
              false);
  }
}

void take_options(const Sheet& sheet, Settings& settings) {
  const auto is = [&sheet](std::string_view key, std::initializer_list<std::string_view> words) {
    const std::string word = base::to_lower(sheet.value(key));
    return sheet.find(key) && std::find(words.begin(), words.end(), word) != words.end();
  };
  const bool is_implicit = settings.encryption.value == Encryption::implicit;
  if (is("url.secure", {"true", "1"}))
    take_as(Encryption::implicit, sheet.find("url.secure"), settings.encryption);
  else if (is("url.auto_tls", {"false", "0", "off", "no"}) && !is_implicit)
    take_as(Encryption::none, sheet.find("url.auto_tls"), settings.encryption);
  else if (is("url.ignoreTLS", {"true", "1"}) && !is_implicit)
    take_as(Encryption::none, sheet.find("url.ignoreTLS"), settings.encryption);
  const bool is_required =
      is("url.require_tls", {"true", "1", "on", "yes"}) || is("url.requireTLS", {"true", "1"});
  if (is_required || settings.encryption.value != Encryption::starttls)
    settings.is_opportunistic = false;
}

}  // namespace

bool has_bare_delimiter(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const size_t end = url.find_first_of("/?#");
  const size_t at = url.rfind('@');
  if (end == std::string_view::npos || at == std::string_view::npos || at < end) return false;
  // "?from=ann@a.example" is a query, and "ann:Se?k=1@mail.example:587" is none.
  const bool may_be_query = url.substr(end, at - end).find('=') != std::string_view::npos;
  const std::string_view before = url.substr(0, end);
  const size_t colon = before.rfind(':');
  const bool has_port = colon == std::string_view::npos || before.ends_with(']') ||
                        number_in(before.substr(colon + 1)) > 0;
  const bool has_host = has_port || before.find('@') != std::string_view::npos;
  return !may_be_query || !has_host || ends_in_port(url.substr(at + 1));
}

Result<void> read_url(const SourceText& source, size_t offset, size_t length, Settings& settings) {
  Sheet sheet(source);
  const std::string_view url = source.text().substr(offset, length);
  if (has_bare_delimiter(url) || url.find_first_of(" \t") != std::string_view::npos)
    return complaint(
        settings, source.place(offset, length, true),
        "this URL has a blank, or a /, ? or # in front of its last @, and is cut there; "
        "in a user name or password write %20, %2F, %3F or %23, and %40 for an @");
  const auto add = [&](std::string_view key, size_t begin, size_t end, bool is_secret = false) {
    std::string value = percent_decoded(url.substr(begin, end - begin));
    sheet.add({key, offset + begin, offset + begin, end - begin, value, false}, is_secret);
    base::Secret::wipe(value);
  };
  const size_t scheme_end = std::min(url.find("://"), url.size());
  add("url.scheme", 0, scheme_end);
  size_t begin = std::min(scheme_end + 3, url.size());
  const size_t end = std::min(url.find_first_of("/?#", begin), url.size());
  const size_t at = url.substr(0, end).rfind('@');
  if (at != std::string_view::npos && at >= begin) {
    const size_t colon = std::min(url.find(':', begin), at);
    add("url.user", begin, colon);
    if (colon < at) add("url.password", colon + 1, at, true);
    begin = at + 1;
  }
  const size_t port = url.substr(0, end).rfind(':');
  const bool has_port = port != std::string_view::npos && port >= begin;
  add("url.host", begin, has_port ? port : end);
  if (has_port) add("url.port", port + 1, end);
  add_options(url, offset, end, sheet);
  TRY_VOID(sheet.hand_over(settings));
  const bool is_implicit = sheet.value("url.scheme") == "smtps";
  take_as(is_implicit ? Encryption::implicit : Encryption::starttls, sheet.find("url.scheme"),
          settings.encryption);
  settings.is_opportunistic = !is_implicit;
  settings.port.value = is_implicit ? 465 : 587;
  take_port(sheet.find("url.port"), settings.port);
  take(sheet.find("url.host"), settings.host);
  take(sheet.find("url.user"), settings.user);
  take(sheet.find("url.password"), settings.password);
  take_as(sheet.has("url.user"), sheet.find("url.user"), settings.login);
  settings.check_certificate.value = true;
  take_options(sheet, settings);
  return {};
}

bool is_url(const Settings& settings) {
  return !settings.assignments.empty() && settings.assignments.front().key == "url.scheme";
}

// Without a port in the URL the new one follows the host.
std::vector<Wanted> write_url(const Settings& settings, const Change& change) {
  std::vector<Wanted> wanted;
  std::string host = change.host.value_or(settings.host.value);
  const bool has_port = settings.port.is_written();
  if (change.encryption) {
    const bool is_implicit = *change.encryption == Encryption::implicit;
    wanted.push_back({"url.scheme", is_implicit ? "smtps" : "smtp"});
    for (const Assignment& each : settings.assignments) {
      if (each.key == "url.secure") wanted.push_back({each.key, is_implicit ? "true" : "false"});
      if (each.key == "url.auto_tls" && !is_implicit) wanted.push_back({each.key, "true"});
      if (each.key == "url.ignoreTLS" && !is_implicit) wanted.push_back({each.key, "false"});
    }
  }
  if (change.user && settings.user.is_written())
    wanted.push_back({"url.user", percent_encoded(*change.user)});
  if (change.port && !has_port) host += fmt::format(":{}", *change.port);
  if (change.host || (change.port && !has_port)) wanted.push_back({"url.host", host});
  if (change.port && has_port) wanted.push_back({"url.port", std::to_string(*change.port)});
  return wanted;
}

}  // namespace waypost::settings
