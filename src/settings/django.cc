// Django's settings.py: EMAIL_HOST = "..." and its like.
#include <algorithm>

#include <fmt/format.h>

#include "settings/code.h"
#include "settings/dialect.h"

namespace waypost::settings {
namespace {

bool is_setting(std::string_view name) {
  return name.starts_with("EMAIL_") || name == "DEFAULT_FROM_EMAIL";
}

void fill_encryption(const Sheet& sheet, Settings& settings) {
  const Sheet::Entry* tls = sheet.find("EMAIL_USE_TLS");
  const Sheet::Entry* ssl = sheet.find("EMAIL_USE_SSL");
  const auto is_on = [](const Sheet::Entry* entry) {
    return entry && !entry->is_elsewhere && entry->value.reveal() == "true";
  };
  if (is_on(tls) && is_on(ssl)) settings.other_encryption = ssl->assignment.place;
  if (is_on(tls))
    take_as(Encryption::starttls, tls, settings.encryption);
  else if (is_on(ssl))
    take_as(Encryption::implicit, ssl, settings.encryption);
  else if ((tls && tls->is_elsewhere) || (ssl && ssl->is_elsewhere))
    take_as(Encryption::unset, tls && tls->is_elsewhere ? tls : ssl, settings.encryption);
  else
    take_as(Encryption::none, tls ? tls : ssl, settings.encryption);
}

Result<void> read_django(const SourceText& source, std::string_view, Settings& settings) {
  const Code code(source, Language::python);
  Sheet sheet(source);
  for (size_t i = 0; i + 2 < code.size(); ++i)
    if (code.tokens()[i].begins_line && code.is_name(i) && is_setting(code.text(i)) &&
        code.is(i + 1, "="))
      TRY_VOID(code.add(sheet, settings, code.text(i), code.tokens()[i].offset, i + 2,
                        code.expression_end(i + 2)));
  TRY_VOID(sheet.hand_over(settings));
  settings.host.value = "localhost";
  take(sheet.find("EMAIL_HOST"), settings.host);
  settings.port.value = 25;
  take_port(sheet.find("EMAIL_PORT"), settings.port);
  take(sheet.find("EMAIL_HOST_USER"), settings.user);
  take(sheet.find("EMAIL_HOST_PASSWORD"), settings.password);
  take(sheet.find("DEFAULT_FROM_EMAIL"), settings.from);
  // Django logs in where both are there.
  take_as(sheet.has("EMAIL_HOST_USER") && sheet.has("EMAIL_HOST_PASSWORD"),
          sheet.find("EMAIL_HOST_USER"), settings.login);
  settings.check_certificate.value = true;
  fill_encryption(sheet, settings);
  return {};
}

bool has_file_name(std::string_view) { return false; }

bool has_content(std::string_view text) {
  const SourceText source(text);
  const Code code(source, Language::python);
  for (size_t i = 0; i + 1 < code.size(); ++i)
    if (code.tokens()[i].begins_line && code.text(i).starts_with("EMAIL_HOST") &&
        code.is(i + 1, "=") && source.text().find(" = ") != std::string_view::npos)
      return true;
  return false;
}

std::vector<Wanted> write(const Settings&, const Change& change) {
  std::vector<Wanted> wanted;
  if (change.host) wanted.push_back({"EMAIL_HOST", quoted(*change.host)});
  if (change.port) wanted.push_back({"EMAIL_PORT", std::to_string(*change.port)});
  if (change.encryption) {
    const auto on = [&](Encryption each) { return *change.encryption == each ? "True" : "False"; };
    wanted.push_back({"EMAIL_USE_TLS", on(Encryption::starttls)});
    wanted.push_back({"EMAIL_USE_SSL", on(Encryption::implicit)});
  }
  if (change.user) wanted.push_back({"EMAIL_HOST_USER", quoted(*change.user)});
  return wanted;
}

std::string statement(const Settings&, const Assignment&, const Wanted& wanted) {
  return fmt::format("{} = {}", wanted.key, wanted.literal);
}

}  // namespace

const Form django_form{Dialect::django, "Django settings", has_file_name, has_content, read_django,
                       write,           statement};

}  // namespace waypost::settings
