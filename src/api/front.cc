#include "api/front.h"

#include <algorithm>
#include <optional>

#include "base/ascii.h"
#include "base/networks.h"

namespace waypost::api {
namespace {

// "[::1]:8025", "localhost:8025", "localhost" without the port.
std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    return end == authority.npos ? std::string_view() : authority.substr(1, end - 1);
  }
  return authority.substr(0, std::min(authority.find(':'), authority.size()));
}

constexpr size_t hops_max = 20;

bool is_believed(const Front& front, const IpAddress& address) {
  return contains(front.proxies, address);
}

bool is_believed(const Front& front, const web::Request& head) {
  return is_believed(front, head.client.address);
}

// Proxies add theirs behind what they were sent: in the last field of that name, or in one of its
// own. The last comes first, and no more than hops_max.
std::vector<std::string_view> from_the_end(const web::Request& head, std::string_view name) {
  std::vector<std::string_view> found;
  for (auto field = head.fields.rbegin(); field != head.fields.rend(); ++field) {
    if (field->first != name) continue;
    std::string_view list = field->second;
    while (found.size() < hops_max) {
      const size_t comma = list.rfind(',');
      found.push_back(base::trim(comma == list.npos ? list : list.substr(comma + 1)));
      if (comma == list.npos) break;
      list = list.substr(0, comma);
    }
  }
  return found;
}

}  // namespace

bool names_us(const Front& front, const web::Request& head) {
  std::string host = base::to_lower(host_of(head.field("host")));
  if (host.ends_with('.')) host.pop_back();
  if (host == "localhost" || base::IpAddress::parse(host)) return true;
  return std::find(front.names.begin(), front.names.end(), host) != front.names.end();
}

// What stands before the word of somebody who is not believed is anybody's word.
IpAddress client_of(const Front& front, const web::Request& head) {
  IpAddress client = head.client.address;
  for (const std::string_view hop : from_the_end(head, "x-forwarded-for")) {
    if (!is_believed(front, client)) break;
    const auto said = base::IpAddress::parse(hop);
    if (!said) break;
    client = *said;
  }
  return client;
}

bool is_secure(const Front& front, const web::Request& head) {
  if (front.behind_tls) return true;
  const auto said = from_the_end(head, "x-forwarded-proto");
  return is_believed(front, head) && !said.empty() &&
         base::equals_ignoring_case(said.front(), "https");
}

bool is_from_our_page(const Front& front, const web::Request& head, bool is_change) {
  const std::string_view site = head.field("sec-fetch-site");
  const std::string_view origin = head.field("origin");
  // "none" is what a person typed or had bookmarked.
  if (!site.empty() && site != "same-origin" && (is_change || site != "none")) return false;
  if (!origin.empty()) {
    const size_t at = origin.find("://");
    if (at == origin.npos) return false;
    // A page under our name without TLS is anybody's who sits on the way.
    if (is_secure(front, head) && origin.substr(0, at) != "https") return false;
    return base::equals_ignoring_case(origin.substr(at + 3), head.field("host"));
  }
  return !is_change || !site.empty();
}

std::string_view cookie(const web::Request& head, std::string_view name) {
  std::string_view list = head.field("cookie");
  while (!list.empty()) {
    const size_t end = std::min(list.find(';'), list.size());
    const std::string_view one = base::trim(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=')
      return one.substr(name.size() + 1);
  }
  return {};
}

std::string_view session_cookie(const Front& front, const web::Request& head) {
  constexpr std::string_view name = "__Host-waypost_session";
  constexpr std::string_view prefix = "__Host-";
  return is_secure(front, head) ? name : name.substr(prefix.size());
}

}  // namespace waypost::api
