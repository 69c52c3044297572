#include "cli/check_sources.h"

#include <algorithm>

#include <fmt/format.h>

#include "config/source_addresses.h"
#include "dns/unbound_resolver.h"
#include "io/asio_loop.h"
#include "io/disk.h"
#include "io/task_group.h"

namespace waypost::cli {
namespace {

constexpr Duration patience = std::chrono::seconds(5);

class SourceChecks {
 public:
  explicit SourceChecks(const config::Config& config) : config_(config) {}

  std::vector<SourceProblem> run() {
    if (config_.sources.empty()) return {};
    check_addresses();
    check_names();
    return std::move(problems_);
  }

 private:
  void check_addresses() {
    auto own = loop_.network().own_addresses();
    if (!own) return;
    for (const config::SourceRule& source : config_.sources)
      for (const IpAddress& address : config::missing_addresses(source, *own))
        problems_.push_back(
            {source.origin, fmt::format("{} of the source \"{}\" is not an address of this "
                                        "machine: nothing would be sent from it",
                                        address.text(), source.id)});
  }

  void check_names() {
    auto disk = io::make_system_disk();
    dns::ResolverOptions options{config_.dns.resolver, config_.dns.records};
    auto context = dns::UnboundContext::create(options, *disk);
    if (!context) return;
    auto resolver = dns::make_resolver(**context, loop_);
    io::TaskGroup questions;
    loop_.post([&] { questions.start(ask(*resolver)); });
    loop_.run();
  }

  io::Task<void> ask(dns::Resolver& resolver) {
    Instant deadline = loop_.now() + patience;
    io::TaskGroup questions;
    for (const config::SourceRule& source : config_.sources)
      questions.start(check_name(resolver, source, deadline));
    co_await questions.join();
    loop_.stop();
  }

  // Receivers look the name up, and many want it to lead back to the address.
  io::Task<void> check_name(dns::Resolver& resolver, const config::SourceRule& source,
                            Instant deadline) {
    const std::string& name = source.helo.empty() ? config_.hostname : source.helo;
    std::vector<IpAddress> found;
    for (dns::AddressFamily family : {dns::AddressFamily::v4, dns::AddressFamily::v6}) {
      auto answer = co_await resolver.addresses(name, family, deadline);
      if (!answer) co_return;
      found.insert(found.end(), answer->addresses.begin(), answer->addresses.end());
    }
    if (found.empty())
      problems_.push_back({source.origin, fmt::format("{}, which the source \"{}\" says in EHLO, "
                                                      "has no address in the name system",
                                                      name, source.id)});
    for (const IpAddress& address : source.addresses)
      if (!found.empty() && std::find(found.begin(), found.end(), address) == found.end())
        problems_.push_back({source.origin, fmt::format("{}, which the source \"{}\" says in EHLO, "
                                                        "does not lead to its address {}",
                                                        name, source.id, address.text())});
  }

  const config::Config& config_;
  io::AsioLoop loop_;
  std::vector<SourceProblem> problems_;
};

}  // namespace

std::vector<SourceProblem> source_problems(const config::Config& config) {
  return SourceChecks(config).run();
}

}  // namespace waypost::cli
