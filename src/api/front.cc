#include "api/front.h"

#include <algorithm>
#include <optional>

#include "base/ascii.h"

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

// Those on this machine as well, as /metrics believes them.
bool is_believed(const Front& front, const web::Request& head) {
  return head.client.address.is_loopback() ||
         std::any_of(front.proxies.begin(), front.proxies.end(), [&](const base::IpPrefix& proxy) {
           return proxy.contains(head.client.address);
         });
}

// Proxies add theirs behind what they were sent: in the last field of that name, or in one of its
// own.
std::string_view last_of(const web::Request& head, std::string_view name) {
  const auto field = std::find_if(head.fields.rbegin(), head.fields.rend(),
                                  [&](const auto& each) { return each.first == name; });
  if (field == head.fields.rend()) return {};
  const std::string_view list = field->second;
  const size_t comma = list.rfind(',');
  return base::trim(comma == list.npos ? list : list.substr(comma + 1));
}

}  // namespace

bool names_us(const Front& front, const web::Request& head) {
  std::string host = base::to_lower(host_of(head.field("host")));
  if (host.ends_with('.')) host.pop_back();
  if (host == "localhost" || base::IpAddress::parse(host)) return true;
  return std::find(front.names.begin(), front.names.end(), host) != front.names.end();
}

IpAddress client_of(const Front& front, const web::Request& head) {
  if (!is_believed(front, head)) return head.client.address;
  const auto said = base::IpAddress::parse(last_of(head, "x-forwarded-for"));
  return said ? *said : head.client.address;
}

bool is_secure(const Front& front, const web::Request& head) {
  return front.behind_tls ||
         (is_believed(front, head) &&
          base::equals_ignoring_case(last_of(head, "x-forwarded-proto"), "https"));
}

bool is_from_our_page(const web::Request& head, bool is_change) {
  const std::string_view site = head.field("sec-fetch-site");
  const std::string_view origin = head.field("origin");
  // "none" is what a person typed or had bookmarked.
  if (!site.empty() && site != "same-origin" && (is_change || site != "none")) return false;
  if (!origin.empty()) {
    const size_t at = origin.find("://");
    if (at == origin.npos) return false;
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

}  // namespace waypost::api
