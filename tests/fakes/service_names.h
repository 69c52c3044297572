#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dns/memory_resolver.h"
#include "dns/service_resolver.h"

namespace waypost::fakes {

// Names from a table, as dns::MemoryResolver has them, and the services of domains.
class ServiceNames final : public dns::Resolver, public dns::ServiceResolver {
 public:
  explicit ServiceNames(io::Loop& loop) : names(loop) {}

  dns::MemoryResolver names;
  std::map<std::string, std::vector<dns::SrvRecord>> services;  // by the name of the service

  io::Task<Result<dns::MxAnswer>> mx(std::string domain, Instant deadline) override {
    return names.mx(std::move(domain), deadline);
  }
  io::Task<Result<dns::AddressAnswer>> addresses(std::string host, dns::AddressFamily family,
                                                 Instant deadline) override {
    return names.addresses(std::move(host), family, deadline);
  }
  io::Task<Result<dns::TxtAnswer>> txt(std::string name, Instant deadline) override {
    return names.txt(std::move(name), deadline);
  }
  io::Task<Result<dns::PtrAnswer>> ptr(IpAddress address, Instant deadline) override {
    return names.ptr(address, deadline);
  }
  io::Task<Result<dns::SrvAnswer>> srv(std::string name, Instant) override {
    dns::SrvAnswer answer;
    auto found = services.find(name);
    answer.status =
        found == services.end() ? dns::AnswerStatus::no_such_name : dns::AnswerStatus::found;
    if (found != services.end()) answer.records = found->second;
    co_return answer;
  }
};

}  // namespace waypost::fakes
