#include "doctor/host_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/ip_address.h"
#include "settings/look_alike.h"

namespace waypost::doctor {
namespace {

struct Invisible {
  std::string_view octets;
  std::string_view name;
};
constexpr std::array invisibles{
    Invisible{"\xe2\x80\x8b", "a zero-width space (U+200B)"},
    Invisible{"\xe2\x80\x8c", "a zero-width non-joiner (U+200C)"},
    Invisible{"\xe2\x80\x8d", "a zero-width joiner (U+200D)"},
    Invisible{"\xe2\x81\xa0", "a word joiner (U+2060)"},
    Invisible{"\xef\xbb\xbf", "a byte order mark (U+FEFF)"},
    Invisible{"\xc2\xa0", "a no-break space (U+00A0)"},
    Invisible{"\xc2\xad", "a soft hyphen (U+00AD)"},
    Invisible{"\xe2\x80\x8e", "a left-to-right mark (U+200E)"},
    Invisible{"\xe2\x80\x8f", "a right-to-left mark (U+200F)"},
    Invisible{"\xe2\x80\x98", "a typographic quote"},
    Invisible{"\xe2\x80\x99", "a typographic quote"},
    Invisible{"\xe2\x80\x9c", "a typographic quote"},
    Invisible{"\xe2\x80\x9d", "a typographic quote"},
    Invisible{" ", "a space"},
    Invisible{"\t", "a tab"},
    Invisible{"\r", "a carriage return"},
    Invisible{"\n", "a line end"},
    Invisible{"\"", "a quote"},
    Invisible{"'", "a quote"},
};

// Takes out what nobody sees; says what the first was, and where.
std::string take_out_invisible(std::string& text) {
  std::string told;
  for (const Invisible& each : invisibles) {
    for (size_t at; (at = text.find(each.octets)) != std::string::npos;) {
      if (told.empty())
        told = fmt::format("{} {}", each.name,
                           at == 0                                  ? "at the start"
                           : at + each.octets.size() == text.size() ? "at the end"
                                                                    : "in the middle");
      text.erase(at, each.octets.size());
    }
  }
  return told;
}

bool is_port(std::string_view text) {
  constexpr unsigned port_max = 65535;
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0 && port <= port_max;
}

// "smtp,example.com": no list, since "smtp" alone is no host.
std::string with_dot_for_comma(const std::string& text, size_t comma) {
  const std::string rest = text.substr(comma + 1);
  const bool is_one_name = text.find('.') > comma && rest.find('.') != std::string::npos &&
                           rest.find_first_of(",;:@/") == std::string::npos && text[comma] == ',';
  return is_one_name ? base::to_lower(text.substr(0, comma) + "." + rest) : std::string();
}

// The first of several hosts, and a port that is none or has no place there.
void cut_off_what_follows(HostText& result) {
  std::string& text = result.clean;
  std::string& foreign = result.foreign;
  if (size_t next = text.find_first_of(",;"); next != std::string::npos && next != 0) {
    if (foreign.empty()) result.with_dots = with_dot_for_comma(text, next);
    if (foreign.empty()) foreign = "a list";
    text.erase(next);
  }
  const size_t colon = text.find(':');
  const bool bracketed = text.starts_with('[') && text.find("]:") != std::string::npos;
  const size_t port = bracketed ? text.find("]:") + 1 : colon;
  if (port == std::string::npos || port == 0) return;
  if (!bracketed && text.find(':', colon + 1) != std::string::npos) return;
  const std::string written = text.substr(port + 1);
  if (foreign.empty() && !written.empty() && !is_port(written)) result.bad_port = written;
  if (foreign.empty()) foreign = "a host and a port";
  text.erase(port);
}

}  // namespace

HostText examine_host(std::string_view written) {
  HostText result{std::string(written), {}, {}, {}, {}};
  result.invisible = take_out_invisible(result.clean);
  std::string& text = result.clean;
  if (size_t scheme = text.find("://"); scheme != std::string::npos) {
    result.foreign = "a URL";
    text.erase(0, scheme + 3);
  }
  if (size_t path = text.find('/'); path != std::string::npos) {
    if (result.foreign.empty()) result.foreign = "a path";
    text.erase(path);
  }
  if (size_t at = text.rfind('@'); at != std::string::npos) {
    if (result.foreign.empty()) result.foreign = "a mail address";
    text.erase(0, at + 1);
  }
  cut_off_what_follows(result);
  if (text.size() > 2 && text.front() == '[' && text.back() == ']')
    text = text.substr(1, text.size() - 2);
  if (text.ends_with('.')) text.pop_back();
  text = base::to_lower(text);
  return result;
}

bool may_be_a_strangers(std::string_view host) {
  const auto found = settings::look_alike(host, settings::known_providers());
  if (!found || found->kind == settings::LookAlike::Kind::other_service) return false;
  auto parent = [](std::string_view name) {
    return name.substr(std::min(name.find('.'), name.size()));
  };
  return parent(found->meant) != parent(host);
}

bool is_public_text(std::string_view text) {
  auto address = IpAddress::parse(text);
  if (!address) return true;
  for (const char* prefix :
       {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.168.0.0/16", "::1/128", "::/128", "fc00::/7", "fe80::/10"}) {
    auto range = IpPrefix::parse(prefix);
    if (range && range->contains(*address)) return false;
  }
  return true;
}

}  // namespace waypost::doctor
