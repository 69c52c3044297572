#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dns/resolver.h"

namespace waypost::dns {

// One place where a service is had (RFC 2782): the lowest priority first, and of those with the
// same the greater weight more often.
struct SrvRecord {
  uint16_t priority = 0;
  uint16_t weight = 0;
  uint16_t port = 0;
  std::string host;  // lower case, no final dot; "": the service is not offered
};
struct SrvAnswer : Answer {
  std::vector<SrvRecord> records;  // as received
};

// Where a service of a domain is: what a mail program asks, and the relay never does.
// Thread: the loop's.
class ServiceResolver {
 public:
  virtual ~ServiceResolver() = default;
  // `name` is that of the service: "_submission._tcp.example.com" (RFC 6186 §3.1).
  virtual io::Task<Result<SrvAnswer>> srv(std::string name, Instant deadline) = 0;
};

// The same resolver, where it looks services up as well, as that of make_resolver() does; else
// null.
ServiceResolver* services_of(Resolver& resolver);

// Priority, weight, port and an uncompressed name, nothing after it (RFC 2782), written as in an MX
// record (rdata.h).
Result<SrvRecord> parse_srv_rdata(std::string_view rdata);

}  // namespace waypost::dns
