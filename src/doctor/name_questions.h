#pragma once

#include <optional>
#include <string>
#include <vector>

#include "doctor/walk.h"

namespace waypost::doctor {

// With what is asked after it, a dead resolver is named within six seconds.
constexpr std::chrono::seconds dns_patience{4};

// Answers of the resolver, each written into the evidence.
using Addresses = Result<dns::AddressAnswer>;

struct Both {
  std::optional<Addresses> v4;
  std::optional<Addresses> v6;

  std::vector<IpAddress> all() const {
    std::vector<IpAddress> found;
    for (const auto* family : {&v4, &v6})
      if (*family && **family)
        found.insert(found.end(), (**family)->addresses.begin(), (**family)->addresses.end());
    return found;
  }
  bool no_such_name() const {
    for (const auto* family : {&v4, &v6})
      if (*family && **family && (**family)->status == dns::AnswerStatus::no_such_name) return true;
    return false;
  }
  const Error* error() const {
    for (const auto* family : {&v4, &v6})
      if (*family && !**family) return &(**family).error();
    return nullptr;
  }
};

// Both families side by side; only the one that was asked for, where one was.
io::Task<Both> look_up(Context& context, std::string name, Family family,
                       Duration patience = dns_patience);
io::Task<Result<dns::MxAnswer>> look_up_mx(Context& context, std::string name,
                                           Duration patience = dns_patience);
// Where a domain says that its users hand in their mail.
struct Service {
  std::string host;
  uint16_t port = 0;
  Encryption encryption = Encryption::starttls;
};
// What the domain says (RFC 6186 §3.1, RFC 8314 §5.1): those
// that it prefers first, at most four; none where it says nothing, or nobody could be asked.
io::Task<std::vector<Service>> look_up_services(Context& context, std::string domain);

}  // namespace waypost::doctor
