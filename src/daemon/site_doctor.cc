#include "daemon/site_doctor.h"

#include <utility>

#include "base/networks.h"
#include "checks/catalogue.h"
#include "dns/system_files.h"
#include "doctor/refusal.h"
#include "doctor/short_walk.h"
#include "smtp/attempt_phase.h"

namespace waypost::daemon {
namespace {

constexpr uint16_t dns_port = 53;
constexpr uint64_t resolv_conf_octets_max = 1 << 20;
constexpr int login_rung = 4;

// Goes to no mail host at a forbidden address. Name servers, at their own port, may be there.
class GuardedNetwork final : public io::Network {
 public:
  GuardedNetwork(io::Network& network, const SiteQuestion& question)
      : network_(network),
        mail_port_(question.request.port.value_or(0)),
        forbidden_(question.request.forbidden_addresses) {}

  Result<std::unique_ptr<io::Listener>> listen(const Endpoint& at,
                                               io::ListenOptions options) override {
    return network_.listen(at, options);
  }
  io::Task<Result<std::unique_ptr<io::Stream>>> connect(Endpoint to, io::ConnectOptions options,
                                                        Instant deadline) override {
    if (to.port == mail_port_ && contains(forbidden_, to.address))
      co_return failure(ErrorCode::permission_denied, "no mail may go to " + to.address.text());
    co_return co_await network_.connect(to, options, deadline);
  }
  Result<std::vector<IpAddress>> own_addresses() override { return network_.own_addresses(); }
  Result<std::unique_ptr<io::Listener>> listen_local(const std::string& path) override {
    return network_.listen_local(path);
  }
  io::Task<Result<std::unique_ptr<io::Stream>>> connect_local(std::string path,
                                                              Instant deadline) override {
    co_return co_await network_.connect_local(std::move(path), deadline);
  }

 private:
  io::Network& network_;
  const uint16_t mail_port_;
  const std::vector<IpPrefix> forbidden_;
};

std::optional<Diagnosis> diagnosis_from(const doctor::Finding& finding, int rung) {
  const checks::Check* check = checks::shipped_catalogue().find(finding.id);
  if (!check) return std::nullopt;
  return Diagnosis{finding.id, rung, checks::fill(check->title, finding.parameters),
                   checks::fill(check->verdict, finding.parameters)};
}

}  // namespace

SiteDoctor::SiteDoctor(Services services)
    : services_(std::move(services)),
      resolver_(dns::make_resolver(services_.names, thread_.loop())) {
  thread_.start();
}

void SiteDoctor::end() {
  thread_.end();
  remote_.drop();
}

io::Task<std::optional<Diagnosis>> SiteDoctor::examine(io::Loop& here, SiteQuestion question) {
  using Found = std::optional<Diagnosis>;
  std::function<io::Task<Found>()> work = [&] { return walk(question); };
  co_return co_await remote_.run<Found>(here, std::move(work));
}

io::Task<std::optional<Diagnosis>> SiteDoctor::walk(SiteQuestion& question) {
  if (!question.refused_login.empty())
    co_return diagnosis_of_login(question.refused_login, question.request.host,
                                 question.request.port.value_or(0));
  io::Loop& loop = thread_.loop();
  if (!obsolete_tls_) {
    tls::ClientOptions options{tls::Verification::opportunistic, services_.ca_file};
    options.obsolete_too = true;
    auto made = tls::ClientContext::create(options, services_.disk, loop.clock());
    if (made) obsolete_tls_ = *std::move(made);
  }
  doctor::EvidenceLog evidence(loop);
  GuardedNetwork network(thread_.loop().network(), question);
  doctor::Context context{loop,           network,
                          services_.disk, *resolver_,
                          services_.tls,  obsolete_tls_.get(),
                          evidence,       name_servers(services_.disk, services_.resolver)};
  doctor::Report report = co_await doctor::walk_to_tls(context, std::move(question.request));
  co_return diagnosis_of(report, question.failed_at_tls);
}

std::vector<Endpoint> name_servers(io::Disk& disk, const std::optional<Endpoint>& resolver) {
  if (resolver) return {*resolver};
  std::vector<Endpoint> all;
  if (auto text = disk.read_file("/etc/resolv.conf", resolv_conf_octets_max))
    for (const IpAddress& address : dns::parse_resolv_conf(*text))
      all.push_back({address, dns_port});
  return all;
}

std::optional<Diagnosis> diagnosis_of(const doctor::Report& report, bool failed_at_tls) {
  for (const doctor::RungResult& result : report.rungs) {
    const bool warnings_count = failed_at_tls && result.rung == doctor::Rung::tls;
    for (const doctor::Finding& finding : result.findings)
      if (finding.severity == doctor::Severity::error || warnings_count)
        return diagnosis_from(finding, static_cast<int>(result.rung));
  }
  return std::nullopt;
}

std::optional<Diagnosis> diagnosis_of_login(const std::string& reply, const std::string& host,
                                            uint16_t port) {
  smtp::ReplyReader reader;
  const std::string line = reply + "\r\n";
  auto read = reader.feed(line);
  if (!read || !reader.complete()) return std::nullopt;
  const smtp::Reply said = reader.take();
  const doctor::Refusal refusal = doctor::judge_refusal(said, login_rung, smtp::AttemptPhase::login,
                                                        doctor::provider_of({}, host));
  const doctor::Parameters about{{"host", host}, {"port", std::to_string(port)}};
  return diagnosis_from(doctor::finding_of(refusal, said, about), login_rung);
}

}  // namespace waypost::daemon
