#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "base/time.h"
#include "io/task.h"

namespace waypost::dns {

// What the name system says about a question. Failing to get any answer (timeout, SERVFAIL, bogus)
// is a Result error, `ErrorCode::dns` or `timed_out`; that a name or record does not exist is an
// answer.
enum class AnswerStatus {
  found,
  no_such_name,    // NXDOMAIN: the domain does not exist (RFC 2308 §2.1)
  no_such_record,  // the name exists, the type does not: NODATA (RFC 2308 §2.2)
};

struct Answer {
  AnswerStatus status = AnswerStatus::no_such_record;
  bool secure = false;         // validated by DNSSEC
  std::string canonical_name;  // the end of the CNAME chain, lower case, no final dot
  Duration ttl{0};
};

struct MxRecord {
  uint16_t preference = 0;
  std::string host;  // lower case, no final dot; "" is the null MX of RFC 7505
};
struct MxAnswer : Answer {
  std::vector<MxRecord> records;  // as received
};
// A record's character strings in their order, which hold any octets (RFC 1035 §3.3.14).
struct TxtRecord {
  std::vector<std::string> strings;
  // One after the other, as SPF, DKIM and DMARC read them.
  std::string joined() const;
};
struct TxtAnswer : Answer {
  std::vector<TxtRecord> records;  // as received
};
struct PtrAnswer : Answer {
  std::vector<std::string> hosts;  // lower case, no final dot; as received
};
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
struct AddressAnswer : Answer {
  std::vector<IpAddress> addresses;  // the family that was asked for
};

enum class AddressFamily { v4, v6 };

// Looks names up for one shard. Answers come from its cache where they can. In a name an octet that
// is no letter, digit, hyphen or underscore may stand as \DDD; what is no name is invalid_input.
// Thread: the shard's loop.
class Resolver {
 public:
  virtual ~Resolver() = default;
  virtual io::Task<Result<MxAnswer>> mx(std::string domain, Instant deadline) = 0;
  virtual io::Task<Result<AddressAnswer>> addresses(std::string host, AddressFamily family,
                                                    Instant deadline) = 0;
  virtual io::Task<Result<TxtAnswer>> txt(std::string name, Instant deadline) = 0;
  // The names of an address: RFC 1035 §3.5, RFC 3596 §2.5.
  virtual io::Task<Result<PtrAnswer>> ptr(IpAddress address, Instant deadline) = 0;
  // `service` with its labels of the protocol: "_submission._tcp.example.com" (RFC 6186 §3.1).
  virtual io::Task<Result<SrvAnswer>> srv(std::string service, Instant deadline) = 0;
};

}  // namespace waypost::dns
