#pragma once

#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/result.h"
#include "dns/resolver.h"

// The data of resource records as they came over the network. Whoever runs a zone chooses these
// octets: what is not exactly right is refused with ErrorCode::dns.
namespace waypost::dns {

// The longest name as text without the final dot (RFC 1035 §2.3.4).
constexpr size_t name_octets_max = 253;

// Preference and an uncompressed name, nothing after it (RFC 1035 §3.3.9). An octet of a label that
// is no letter, digit, hyphen or underscore is written as \DDD, so that it cannot pass for one.
Result<MxRecord> parse_mx_rdata(std::string_view rdata);

// At least one string of up to 255 octets, each behind its length (RFC 1035 §3.3.14).
Result<TxtRecord> parse_txt_rdata(std::string_view rdata);

// An uncompressed name, nothing after it (RFC 1035 §3.3.12), written as in an MX record.
Result<std::string> parse_ptr_rdata(std::string_view rdata);

// Priority, weight, port and an uncompressed name, nothing after it (RFC 2782), written as in an MX
// record.
Result<SrvRecord> parse_srv_rdata(std::string_view rdata);

// 4 octets (RFC 1035 §3.4.1) or 16 (RFC 3596 §2.2). An IPv4-mapped IPv6 address is refused: it is
// not of the family that was asked for.
Result<IpAddress> parse_address_rdata(std::string_view rdata, AddressFamily family);

// A name in the form in which answers have it: lower case, no final dot. Refuses what is longer
// than name_octets_max, has an empty label or one over 63 octets, or anything but letters, digits,
// hyphens and underscores (invalid_input).
Result<std::string> normalize_name(std::string_view name);

// The same for a question: an octet of a label that is no name character may stand as \DDD, as
// parse_mx_rdata() writes it. Lengths are those of the octets.
Result<std::string> normalize_question(std::string_view name);

// Where the names of an address are: "1.2.0.192.in-addr.arpa", or 32 digits below "ip6.arpa".
std::string reverse_name(const IpAddress& address);

}  // namespace waypost::dns
