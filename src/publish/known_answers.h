#pragma once

#include <map>
#include <string>
#include <vector>

#include "dns/resolver.h"

namespace waypost::publish {

// A resolver that answers TXT and MX questions about some names with what a server was seen to
// have, and passes all others on: so that a plan is made of what is there now and not of what a
// cache remembers. Thread: that of the inner one, which outlives it.
class KnownAnswers final : public dns::Resolver {
 public:
  explicit KnownAnswers(dns::Resolver& inner) : inner_(inner) {}

  void set_txt(const std::string& name, std::vector<std::string> texts);
  void set_mx(const std::string& name, std::vector<dns::MxRecord> records);

  io::Task<Result<dns::MxAnswer>> mx(std::string domain, Instant deadline) override;
  io::Task<Result<dns::AddressAnswer>> addresses(std::string host, dns::AddressFamily family,
                                                 Instant deadline) override;
  io::Task<Result<dns::TxtAnswer>> txt(std::string name, Instant deadline) override;
  io::Task<Result<dns::PtrAnswer>> ptr(IpAddress address, Instant deadline) override;
  io::Task<Result<dns::SrvAnswer>> srv(std::string service, Instant deadline) override;

 private:
  dns::Resolver& inner_;
  std::map<std::string, dns::TxtAnswer> txt_;
  std::map<std::string, dns::MxAnswer> mx_;
};

}  // namespace waypost::publish
