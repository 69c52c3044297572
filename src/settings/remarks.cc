#include "settings/remarks.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "settings/sheet.h"
#include "settings/similarity.h"
#include "settings/url.h"

namespace waypost::settings {
namespace {

using Kind = Remark::Kind;
using Field = Remark::Field;

Remark remark(Kind kind, std::string_view finding, Field field) {
  Remark result;
  result.kind = kind;
  result.finding = finding;
  result.field = field;
  return result;
}

std::string described(const OddCharacter& odd, std::string_view text) {
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
  const auto before = text.substr(0, odd.offset);
  const auto characters =
      before.size() - size_t(std::count_if(before.begin(), before.end(), continues));
  return odd.code_point > 0x10ffff ? fmt::format("{} at character {}", odd.name, characters + 1)
                                   : fmt::format("{} (U+{:04X}) at character {}", odd.name,
                                                 unsigned(odd.code_point), characters + 1);
}

bool is_in_quotes(std::string_view text) {
  return text.size() >= 2 && text.front() == text.back() &&
         (text.front() == '"' || text.front() == '\'');
}

std::optional<Remark> odd_character_in(std::string_view text, bool spaces) {
  const OddCharacter odd = first_odd_character(text, spaces);
  if (odd.length == 0 && !is_in_quotes(text)) return std::nullopt;
  Remark found = remark(Kind::odd_character, "M1009", Field::host);
  found.detail = odd.length > 0 ? described(odd, text) : "the quotes are part of the value";
  return found;
}

// The host within https://host/, user@host and host:587, and the port if one stands there.
struct Pasted {
  std::string host;
  std::string_view what;
  unsigned port = 0;
};

std::optional<Pasted> pasted_in(std::string_view host) {
  Pasted pasted;
  const size_t scheme = host.find("://");
  if (scheme != std::string_view::npos) {
    pasted.what = "a URL";
    host.remove_prefix(scheme + 3);
  }
  // What stands in front of the last @ is a secret where it is no path.
  if (has_bare_delimiter(host)) host.remove_prefix(host.rfind('@'));
  const size_t slash = host.find('/');
  if (slash != std::string_view::npos && pasted.what.empty()) pasted.what = "a path";
  host = host.substr(0, slash);
  const size_t at = host.rfind('@');
  if (at != std::string_view::npos && pasted.what.empty()) pasted.what = "an address";
  if (at != std::string_view::npos) host.remove_prefix(at + 1);
  const size_t colon = host.find(':');
  const bool has_port = colon != std::string_view::npos && host.find(':', colon + 1) == host.npos;
  if (has_port) {
    if (pasted.what.empty()) pasted.what = "a host and a port";
    pasted.port = number_in(host.substr(colon + 1));
    host = host.substr(0, colon);
  }
  if (pasted.what.empty()) return std::nullopt;
  pasted.host = host;
  return pasted;
}

constexpr unsigned submission_ports[] = {587, 465, 2525};
// They resemble one of the others and are used: tests, proxies, second ports of providers.
constexpr unsigned usual_ports[] = {25,   26,   80,   443,  465,  587,  588,   1025,
                                    1587, 2465, 2525, 2526, 2587, 3535, 10025, 10587};
constexpr unsigned reading_ports[] = {110, 143, 993, 995};

template <size_t n>
bool is_one_of(unsigned port, const unsigned (&ports)[n]) {
  return std::find(std::begin(ports), std::end(ports), port) != std::end(ports);
}

void look_at_host(const Settings& settings, std::span<const Provider> providers,
                  std::vector<Remark>& found) {
  if (!settings.host.is_known()) return;
  const bool may_be_list = settings.dialect == Dialect::phpmailer;
  if (may_be_list && settings.host.place.raw.find(';') != std::string::npos) {
    Remark several = remark(Kind::several_hosts, "", Field::host);
    several.place = settings.host.place;
    several.detail = "of which the first is taken: " + without_password(settings.host.value);
    found.push_back(std::move(several));
  }
  auto result = remark_on_host(settings.host.value, providers);
  if (!result) return;
  result->place = settings.host.place;
  found.push_back(*std::move(result));
}

void look_at_port(const Settings& settings, std::vector<Remark>& found) {
  const Setting<unsigned>& port = settings.port;
  if (port.is_elsewhere) return;
  if (port.is_written())
    if (auto result = remark_on_port(port.value)) {
      result->place = port.place;
      if (port.value == 0) result->written = port.place.raw;
      found.push_back(*std::move(result));
    }
  if (settings.encryption.is_elsewhere) return;
  const bool is_by_service = settings.service.is_written() && !port.is_written();
  auto result = remark_on_port_and_encryption(port.value, settings.encryption.value);
  if (!result || is_by_service) return;
  result->place = settings.encryption.is_written() ? settings.encryption.place : port.place;
  found.push_back(*std::move(result));
}

void look_at_tls(const Settings& settings, std::vector<Remark>& found) {
  if (settings.other_encryption) {
    Remark both = remark(Kind::two_encryptions, "", Field::encryption);
    both.place = settings.encryption.place;
    both.other = *settings.other_encryption;
    // Others with that pair of switches, such as Flask, go on with one of them.
    if (settings.dialect == Dialect::django) both.detail = "with both Django sends nothing";
    const bool is_implicit = settings.port.value == 465;
    both.change.encryption = is_implicit ? Encryption::implicit : Encryption::starttls;
    found.push_back(std::move(both));
  }
  // Postfix checks no certificate unless it is told to; that is a choice of its levels, no switch.
  const Setting<bool>& check = settings.check_certificate;
  if (!check.is_known() || check.value || settings.dialect == Dialect::postfix) return;
  Remark off = remark(Kind::unchecked_certificate, "", Field::certificate);
  off.place = check.place;
  off.written = check.place.raw;
  found.push_back(std::move(off));
}

void look_at_user(const Settings& settings, const Provider* provider, std::vector<Remark>& found) {
  if (!settings.user.is_known()) return;
  const std::string& user = settings.user.value;
  if (auto odd = odd_character_in(user, true)) {
    odd->field = Field::user;
    odd->place = settings.user.place;
    odd->written = user;
    odd->change.user = without_odd_characters(user);
    return found.push_back(*std::move(odd));
  }
  if (!provider || user.empty()) return;
  for (const Difference& difference : differences(settings, *provider)) {
    if (difference.what != Difference::What::user) continue;
    const bool is_fixed = provider->user == UserForm::fixed;
    Remark form = is_fixed ? remark(Kind::other_user_name, "M4018", Field::user)
                           : remark(Kind::user_without_domain, "M4002", Field::user);
    form.place = difference.place;
    form.written = user;
    form.detail = difference.documented;
    form.change = difference.change;
    found.push_back(std::move(form));
  }
}

// "abcd efgh ijkl mnop", as Google displays it.
bool is_app_password_in_groups(std::string_view password) {
  const std::string_view text = base::trim(password);
  if (text.size() != 19) return false;
  for (size_t i = 0; i < text.size(); ++i)
    if (i % 5 == 4 ? text[i] != ' ' : !base::is_alpha(text[i])) return false;
  return true;
}

void look_at_password(const Settings& settings, const Provider* provider,
                      std::vector<Remark>& found) {
  if (!settings.password.is_known()) return;
  const std::string& password = settings.password.value.reveal();
  const auto add = [&](Remark result) {
    result.field = Field::password;
    result.place = settings.password.place;
    found.push_back(std::move(result));
  };
  if (auto odd = odd_character_in(password, false);
      odd && first_odd_character(password, false).length)
    add(*std::move(odd));
  if (provider && provider->id == "gmail" && is_app_password_in_groups(password)) {
    add(remark(Kind::spaced_app_password, "M4007", Field::password));
  } else if (!password.empty() && (password.front() == ' ' || password.back() == ' ')) {
    Remark space = remark(Kind::space_in_password, "M4020", Field::password);
    space.detail = password.front() == ' ' ? "at its start" : "at its end";
    add(std::move(space));
  }
}

}  // namespace

std::string without_password(std::string_view host) {
  const size_t at = host.rfind('@');
  const size_t scheme = host.find("://");
  const size_t start = scheme < at ? scheme + 3 : 0;
  const size_t colon = host.find(':', start);
  if (at == std::string_view::npos || colon >= at) return std::string(host);
  return fmt::format("{}:[hidden]{}", host.substr(0, colon), host.substr(at));
}

std::optional<Remark> remark_on_host(std::string_view host, std::span<const Provider> providers) {
  std::optional<Remark> found = odd_character_in(host, true);
  const std::string clean = found ? without_odd_characters(host) : std::string(host);
  if (found) {
    found->change.host = clean;
  } else if (const auto pasted = pasted_in(clean)) {
    found = remark(Kind::not_a_host_name, "M1014", Field::host);
    found->detail = pasted->what;
    found->change.host = pasted->host;
    if (pasted->port > 0) found->change.port = pasted->port;
  } else if (auto other = look_alike(clean, providers)) {
    found = remark(Kind::look_alike_host, "M1008", Field::host);
    found->detail = other->provider->name;
    found->change.host = other->meant;
    found->host = std::move(other);
  }
  if (found) found->written = without_password(host);
  return found;
}

std::optional<Remark> remark_on_port(unsigned port) {
  if (is_one_of(port, usual_ports)) return std::nullopt;
  Remark found = remark(Kind::mistyped_port, "M2014", Field::port);
  found.written = std::to_string(port);
  if (is_one_of(port, reading_ports)) {
    found.kind = Kind::reading_port;
    found.detail = port == 110 || port == 995 ? "POP3" : "IMAP";
    found.change.port = port == 993 || port == 995 ? 465 : 587;
    return found;
  }
  for (const unsigned meant : submission_ports) {
    if (distance(std::to_string(port), std::to_string(meant)) > 1) continue;
    found.change.port = meant;
    return found;
  }
  if (port == 52) found.change.port = 25;
  if (port > 0 && port <= 65535 && !found.change.port) return std::nullopt;
  found.detail = found.change.port ? "" : "no port number";
  return found;
}

std::optional<Remark> remark_on_port_and_encryption(unsigned port, Encryption encryption) {
  const bool wants_implicit = port == 465 || port == 2465;
  const bool wants_starttls = port == 25 || port == 587 || port == 2525 || port == 2587;
  if (encryption == Encryption::unset) return std::nullopt;
  const bool is_implicit = encryption == Encryption::implicit;
  if ((wants_implicit && is_implicit) || (wants_starttls && !is_implicit) ||
      (!wants_implicit && !wants_starttls))
    return std::nullopt;
  Remark found =
      remark(Kind::port_and_encryption, is_implicit ? "M3001" : "M3002", Field::encryption);
  found.detail =
      fmt::format("port {} wants {}", port, wants_implicit ? "implicit TLS" : "STARTTLS");
  found.change.encryption = wants_implicit ? Encryption::implicit : Encryption::starttls;
  return found;
}

std::vector<Remark> remarks(const Settings& settings, std::span<const Provider> providers) {
  std::vector<Remark> found;
  const Provider* provider = provider_of(settings, providers);
  look_at_host(settings, providers, found);
  look_at_port(settings, found);
  look_at_tls(settings, found);
  look_at_user(settings, provider, found);
  look_at_password(settings, provider, found);
  return found;
}

}  // namespace waypost::settings
