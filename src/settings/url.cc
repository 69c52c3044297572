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

}  // namespace

Result<void> read_url(const SourceText& source, size_t offset, size_t length, Settings& settings) {
  Sheet sheet(source);
  const std::string_view url = source.text().substr(offset, length);
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
  if (change.encryption)
    wanted.push_back({"url.scheme", *change.encryption == Encryption::implicit ? "smtps" : "smtp"});
  if (change.user && settings.user.is_written())
    wanted.push_back({"url.user", percent_encoded(*change.user)});
  if (change.port && !has_port) host += fmt::format(":{}", *change.port);
  if (change.host || (change.port && !has_port)) wanted.push_back({"url.host", host});
  if (change.port && has_port) wanted.push_back({"url.port", std::to_string(*change.port)});
  return wanted;
}

}  // namespace waypost::settings
