#include "cli/check_online.h"

#include <algorithm>

#include <fmt/format.h>

#include "checks/catalogue.h"
#include "cli/terminal.h"
#include "dns/unbound_resolver.h"
#include "doctor/block_list_file.h"
#include "doctor/host_text.h"
#include "doctor/inbox_rung.h"
#include "io/asio_loop.h"
#include "io/disk.h"
#include "io/task_group.h"

namespace waypost::cli {
namespace {

constexpr Duration patience = std::chrono::seconds(10);
constexpr uint16_t smtp_port = 25;
constexpr size_t hosts_tried_max = 3;

class OnlineChecks {
 public:
  OnlineChecks(const config::Config& config, const std::string& towards)
      : config_(config), towards_(towards), evidence_(loop_) {}

  std::vector<MachineProblem> run(bool quiet) {
    find_addresses();
    if (!quiet) note(plan());
    auto disk = io::make_system_disk();
    auto context = dns::UnboundContext::create({config_.dns.resolver, config_.dns.records}, *disk);
    if (!context) {
      warn("names cannot be looked up: " + context.error().describe());
      return std::move(problems_);
    }
    auto resolver = dns::make_resolver(**context, loop_);
    io::TaskGroup checks;
    loop_.post([&] { checks.start(check(*resolver)); });
    loop_.run();
    return std::move(problems_);
  }

 private:
  void warn(std::string text) { problems_.push_back({false, std::move(text)}); }

  // Where no source names one: those of the machine that the world can see.
  void find_addresses() {
    for (const config::SourceRule& source : config_.sources)
      addresses_.insert(addresses_.end(), source.addresses.begin(), source.addresses.end());
    if (!addresses_.empty()) return;
    if (auto own = loop_.network().own_addresses())
      std::copy_if(own->begin(), own->end(), std::back_inserter(addresses_),
                   [](const IpAddress& one) { return doctor::is_public_text(one.text()); });
    if (addresses_.empty())
      warn(
          "this machine has no public address of its own, so nothing can be said of its reverse "
          "name and of lists: write the address that the world sees as a [[source]], or ask about "
          "it where it is known");
  }

  std::string plan() const {
    std::string text =
        fmt::format("connecting to port 25 of the mail hosts of {} (nothing is sent)\n", towards_);
    for (const IpAddress& address : addresses_) {
      text += fmt::format("asking about {}: its reverse name", address.text());
      for (const doctor::BlockList& list : doctor::known_lists())
        if (address.is_v4() ? list.knows_v4 : list.knows_v6) text += ", " + list.zone;
      text += "\n";
    }
    return text;
  }

  io::Task<void> check(dns::Resolver& resolver) {
    auto mail_hosts = co_await resolver.mx(towards_, loop_.now() + patience);
    if (!mail_hosts && mail_hosts.error().code() == ErrorCode::timed_out) {
      warn(
          fmt::format("M1004: the resolver does not answer ({}), so that nothing of this could be "
                      "looked at, and no mail leaves (waypost explain M1004)",
                      mail_hosts.error().message()));
      loop_.stop();
      co_return;
    }
    io::TaskGroup all;
    all.start(check_port_25(resolver, std::move(mail_hosts)));
    if (config_.sources.empty()) all.start(check_hello(resolver));
    std::vector<doctor::RungResult> results(addresses_.size());
    const doctor::Lookups lookups{loop_, resolver, evidence_};
    for (size_t i = 0; i < addresses_.size(); ++i)
      all.start(doctor::check_address(lookups, addresses_[i], results[i]));
    co_await all.join();
    for (const doctor::RungResult& result : results)
      for (const doctor::Finding& found : result.findings) tell(found);
    loop_.stop();
  }

  void tell(const doctor::Finding& found) {
    const checks::Check* known = checks::shipped_catalogue().find(found.id);
    std::string text = found.id + ": " + checks::fill(known->observed, found.parameters);
    for (const std::string& more : found.notes) text += " " + more + ".";
    warn(text + fmt::format(" (waypost explain {})", found.id));
  }

  // Of a source, the check of the configuration looks at it.
  io::Task<void> check_hello(dns::Resolver& resolver) {
    std::vector<IpAddress> found;
    for (dns::AddressFamily family : {dns::AddressFamily::v4, dns::AddressFamily::v6}) {
      auto answer = co_await resolver.addresses(config_.hostname, family, loop_.now() + patience);
      if (!answer) co_return;
      found.insert(found.end(), answer->addresses.begin(), answer->addresses.end());
    }
    if (found.empty())
      warn(
          fmt::format("M5011: {}, which the relay calls itself in EHLO, has no address in the "
                      "name system, and many servers refuse such a name (waypost explain M5011)",
                      config_.hostname));
    for (const IpAddress& address : addresses_)
      if (!found.empty() && std::find(found.begin(), found.end(), address) == found.end())
        warn(
            fmt::format("M5011: {}, which the relay calls itself in EHLO, leads to {} and not to "
                        "{}, from where mail leaves (waypost explain M5011)",
                        config_.hostname, found.front().text(), address.text()));
  }

  // One host that answers shows that the way is open; one that does not shows nothing.
  io::Task<void> check_port_25(dns::Resolver& resolver, Result<dns::MxAnswer> answer) {
    if (!answer || answer->records.empty()) {
      warn(fmt::format("port 25 was not tried: the mail hosts of {} could not be found ({})",
                       towards_, answer ? "it has none" : answer.error().message()));
      co_return;
    }
    std::sort(answer->records.begin(), answer->records.end(),
              [](const auto& one, const auto& other) { return one.preference < other.preference; });
    std::string seen;
    for (size_t i = 0; i < answer->records.size() && i < hosts_tried_max; ++i) {
      const std::string host = answer->records[i].host;
      std::string trouble = co_await connect(resolver, host);
      if (trouble.empty()) co_return;
      seen += fmt::format("{}{}: {}", seen.empty() ? "" : "; ", host, trouble);
    }
    warn(
        fmt::format("M2008: port 25 seems to be blocked on the way out ({}). Ask the hoster to "
                    "open it, or send by a next hop on port 587 (waypost explain M2008)",
                    seen));
  }

  // What kept it from connecting; empty when nothing did.
  io::Task<std::string> connect(dns::Resolver& resolver, std::string host) {
    auto found = co_await resolver.addresses(host, dns::AddressFamily::v4, loop_.now() + patience);
    if (!found) co_return found.error().message();
    if (found->addresses.empty()) co_return std::string("it has no IPv4 address");
    const Endpoint at{found->addresses.front(), smtp_port};
    auto stream = co_await loop_.network().connect(at, {}, loop_.now() + patience);
    co_return stream ? std::string() : stream.error().message();
  }

  const config::Config& config_;
  const std::string& towards_;
  io::AsioLoop loop_;
  doctor::EvidenceLog evidence_;
  std::vector<IpAddress> addresses_;
  std::vector<MachineProblem> problems_;
};

}  // namespace

std::vector<MachineProblem> online_problems(const config::Config& config,
                                            const std::string& towards, bool quiet) {
  return OnlineChecks(config, towards).run(quiet);
}

}  // namespace waypost::cli
