#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "settings/providers.h"

namespace waypost::settings {
namespace {

std::string_view word(Encryption encryption) {
  switch (encryption) {
    case Encryption::none:
      return "no encryption";
    case Encryption::starttls:
      return "STARTTLS";
    case Encryption::implicit:
      return "implicit TLS";
    case Encryption::unset:
      break;
  }
  return "not said";
}

std::string shown(const std::vector<ProviderPort>& ports) {
  std::vector<std::string> all;
  for (const ProviderPort& port : ports)
    all.push_back(fmt::format("{} with {}", port.number, word(port.encryption)));
  return fmt::to_string(fmt::join(all, ", "));
}

// The documented port with the encryption that is written, or else the best one.
const ProviderPort& nearest(const Settings& settings, const Provider& provider) {
  const auto same = std::find_if(
      provider.ports.begin(), provider.ports.end(),
      [&](const ProviderPort& port) { return port.encryption == settings.encryption.value; });
  return same == provider.ports.end() ? provider.ports.front() : *same;
}

void compare_port(const Settings& settings, const Provider& provider,
                  std::vector<Difference>& found) {
  // A service has a port of its own.
  if (settings.port.is_elsewhere || settings.encryption.is_elsewhere) return;
  if (settings.service.is_written() && !settings.port.is_written()) return;
  const auto documented =
      std::find_if(provider.ports.begin(), provider.ports.end(),
                   [&](const ProviderPort& port) { return port.number == settings.port.value; });
  Difference difference;
  if (documented == provider.ports.end()) {
    const ProviderPort& port = nearest(settings, provider);
    difference.what = Difference::What::port;
    difference.place = settings.port.place;
    difference.written = std::to_string(settings.port.value);
    difference.documented = shown(provider.ports);
    difference.change.port = port.number;
    if (port.encryption != settings.encryption.value)
      difference.change.encryption = port.encryption;
    found.push_back(std::move(difference));
  } else if (settings.encryption.value != documented->encryption) {
    difference.what = Difference::What::encryption;
    difference.place = settings.encryption.place;
    difference.written = word(settings.encryption.value);
    difference.documented =
        fmt::format("{} on port {}", word(documented->encryption), documented->number);
    difference.change.encryption = documented->encryption;
    found.push_back(std::move(difference));
  }
}

void compare_user(const Settings& settings, const Provider& provider,
                  std::vector<Difference>& found) {
  if (!settings.user.is_known() || settings.user.value.empty()) return;
  const std::string& user = settings.user.value;
  Difference difference;
  difference.what = Difference::What::user;
  difference.place = settings.user.place;
  difference.written = user;
  if (provider.user == UserForm::fixed && user != provider.user_name) {
    difference.documented = provider.user_name;
    difference.change.user = provider.user_name;
    found.push_back(std::move(difference));
  } else if (provider.user == UserForm::address && user.find('@') == std::string::npos) {
    difference.documented = "the whole mail address";
    if (provider.domains.size() == 1) difference.change.user = user + "@" + provider.domains[0];
    found.push_back(std::move(difference));
  }
}

void compare_mechanism(const Settings& settings, const Provider& provider,
                       std::vector<Difference>& found) {
  if (!settings.mechanism.is_known() || provider.mechanisms.empty()) return;
  std::string written = base::to_upper(settings.mechanism.value);
  if (written == "OAUTH2") written = "XOAUTH2";
  const bool is_documented = std::find(provider.mechanisms.begin(), provider.mechanisms.end(),
                                       written) != provider.mechanisms.end();
  if (is_documented || written == "AUTO") return;
  Difference difference;
  difference.what = Difference::What::mechanism;
  difference.place = settings.mechanism.place;
  difference.written = settings.mechanism.value;
  difference.documented = fmt::to_string(fmt::join(provider.mechanisms, ", "));
  found.push_back(std::move(difference));
}

}  // namespace

std::vector<Difference> differences(const Settings& settings, const Provider& provider) {
  std::vector<Difference> found;
  compare_port(settings, provider, found);
  compare_user(settings, provider, found);
  compare_mechanism(settings, provider, found);
  return found;
}

}  // namespace waypost::settings
