#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"

// What the system's two resolver files say. Lines that mean nothing here are passed over, as every
// reader of these files does.
namespace waypost::dns {

// The addresses of the "nameserver" lines of resolv.conf(5), at most 8.
std::vector<IpAddress> parse_resolv_conf(std::string_view text);

// The domains that the system's programs hang behind a name that is not found as it is: the last
// "search" or "domain" line of resolv.conf(5), at most 6.
std::vector<std::string> parse_search_list(std::string_view text);

struct HostEntry {
  std::string name;  // as normalize_name() gives it
  IpAddress address;
};
// Every name of hosts(5) with its address, but for localhost, which has its own rules (RFC 6761
// §6.3); at most 10,000.
std::vector<HostEntry> parse_hosts(std::string_view text);

}  // namespace waypost::dns
