#include "settings/symfony.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::settings {
namespace {

// What stands in front of the @: a user and a password; or a key alone, which is the password of a
// user name that is always the same; or the key is both.
enum class Login { pair, key, twice };

struct Bridge {
  std::string_view name;
  std::string_view host;  // {} is the region
  unsigned port = 587;
  std::string_view region = {};  // without one in the URL
  Login login = Login::pair;
  std::string_view user = {};
};

constexpr Bridge bridges[] = {
    {"gmail", "smtp.gmail.com", 465},
    {"ses", "email-smtp.{}.amazonaws.com", 465, "eu-west-1"},
    {"sendgrid", "smtp.{}sendgrid.net", 465, "", Login::key, "apikey"},
    {"mailgun", "smtp.{}mailgun.org", 587},
    {"mailjet", "in-v3.mailjet.com", 587},
    {"postmark", "smtp.postmarkapp.com", 587, "", Login::twice},
    {"brevo", "smtp-relay.brevo.com", 465},
    {"sendinblue", "smtp-relay.brevo.com", 465},
    {"mandrill", "smtp.mandrillapp.com", 587},
    {"resend", "smtp.resend.com", 465, "", Login::key, "resend"},
};

// Behind "region=" in the query; only what a label of a host name may hold.
std::string region_in(std::string_view url) {
  constexpr std::string_view key = "region=";
  const size_t query = url.find('?');
  const size_t at = query == std::string_view::npos ? query : url.find(key, query);
  if (at == std::string_view::npos) return {};
  std::string region;
  for (const char c : url.substr(at + key.size())) {
    if (!base::is_alnum(c) && c != '-') break;
    region += base::to_lower(c);
  }
  return region;
}

std::string host_of(const Bridge& bridge, std::string_view url) {
  std::string host(bridge.host);
  const size_t gap = host.find("{}");
  if (gap == std::string::npos) return host;
  std::string region = region_in(url);
  if (region.empty()) region = bridge.region;
  // The services that have a host for all the world have none in its name.
  if (bridge.region.empty() && (region == "us" || region == "global")) region.clear();
  if (bridge.region.empty() && !region.empty()) region += '.';
  return host.replace(gap, 2, region);
}

// The word between the start of the URL, or a blank or "(" in front of it, and its "+smtp".
std::string_view bridge_in(std::string_view written, size_t begin) {
  std::string_view before = written.substr(0, begin);
  if (!before.ends_with('+')) return {};
  before.remove_suffix(1);
  return before.substr(before.find_last_of(" (\"'") + 1);
}

void settle_login(const Bridge& bridge, Settings& settings) {
  if (bridge.login == Login::pair || !settings.user.is_known()) return;
  settings.password.value = base::Secret(settings.user.value);
  settings.password.place = settings.user.place;
  settings.password.place.raw.clear();
  if (bridge.login != Login::key) return;
  base::Secret::wipe(settings.user.value);
  settings.user.value = bridge.user;
  for (Assignment& each : settings.assignments) {
    if (each.key != "url.user") continue;
    each.is_secret = true;
    each.place.raw.clear();
  }
  settings.user.place.raw.clear();
}

}  // namespace

Result<void> settle_bridge(const SourceText& source, std::string_view written, size_t begin,
                           const Place& place, Settings& settings) {
  const std::string_view name = bridge_in(written, begin);
  if (name.empty() || settings.host.value != "default") return {};
  const auto bridge = std::find_if(std::begin(bridges), std::end(bridges),
                                   [name](const Bridge& each) { return each.name == name; });
  if (bridge == std::end(bridges))
    return complaint(settings, source.place(place.offset, place.length, true),
                     "the bridge in front of +smtp knows which server is meant by @default, and "
                     "this program does not: name it, waypost doctor HOST");
  settings.host.value = host_of(*bridge, written.substr(begin));
  if (!settings.port.is_written()) settings.port.value = bridge->port;
  const bool is_implicit = settings.port.value == 465;
  settings.encryption.value = is_implicit ? Encryption::implicit : Encryption::starttls;
  settings.is_opportunistic = !is_implicit;
  settle_login(*bridge, settings);
  settings.notices.push_back(
      {settings.host.place,
       fmt::format("@default is {}, port {}, as Symfony's bridge for {} has it",
                   settings.host.value, settings.port.value, bridge->name)});
  return {};
}

}  // namespace waypost::settings
