#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "doctor/demands.h"
#include "doctor/name_questions.h"
#include "mailauth/sts_policy.h"
#include "mailauth/sts_record.h"
#include "web/client.h"

namespace waypost::doctor {
namespace {

using mailauth::StsMode;
using mailauth::StsPolicy;

constexpr std::chrono::seconds dns_patience{5};
constexpr std::chrono::seconds fetch_patience{6};
constexpr uint16_t https_port = 443;
constexpr const char* path = "/.well-known/mta-sts.txt";
constexpr unsigned code_ok = 200;
constexpr size_t shown_octets_max = 120;

class StsLook {
 public:
  StsLook(Context& context, const Request& request, const Ground& ground, Demand& demand)
      : context_(context), request_(request), ground_(ground), demand_(demand) {}

  io::Task<void> run();

 private:
  io::Task<bool> find_record();
  io::Task<bool> find_host();
  io::Task<std::optional<StsPolicy>> fetch();
  std::optional<StsPolicy> read(const web::Response& answer);
  void judge_fetch_error(const Error& error);
  void judge(const StsPolicy& policy);
  void judge_certificate(const StsPolicy& policy);
  Finding finding(std::string id, std::string name, std::string seen) const {
    Finding made = unmet_demand(std::move(id), context_, request_, ground_);
    made.parameters["name"] = std::move(name);
    made.parameters["seen"] = std::move(seen);
    return made;
  }
  // What keeps senders from using the policy stops no mail.
  void warn(std::string id, std::string name, std::string seen, std::string fact) {
    Finding made = finding(std::move(id), std::move(name), std::move(seen));
    made.severity = Severity::warning;
    made.notes.clear();
    demand_.fact = std::move(fact);
    demand_.line = "MTA-STS: " + demand_.fact;
    demand_.findings.push_back(std::move(made));
  }
  void not_judged(std::string seen) {
    warn("M3059", url_, std::move(seen), "the policy could not be fetched from here");
    demand_.findings.back().severity = Severity::note;
  }

  Context& context_;
  const Request& request_;
  const Ground& ground_;
  Demand& demand_;
  const std::string record_name_ = "_mta-sts." + ground_.domain;
  const std::string host_ = "mta-sts." + ground_.domain;
  const std::string url_ = "https://" + host_ + path;
};

// Whether the domain says that it has a policy (RFC 8461 §3.1).
io::Task<bool> StsLook::find_record() {
  auto answer = co_await context_.resolver.txt(record_name_, context_.loop.now() + dns_patience);
  std::vector<std::string> records, nearly;
  for (const dns::TxtRecord& record : answer ? answer->records : std::vector<dns::TxtRecord>()) {
    std::string text = record.joined();
    if (mailauth::is_sts_record(text))
      records.push_back(std::move(text));
    else if (mailauth::is_nearly_sts_record(text))
      nearly.push_back(std::move(text));
  }
  const std::string told = !answer           ? answer.error().message()
                           : records.empty() ? "no such record"
                                             : records.front().substr(0, shown_octets_max);
  context_.evidence.add(Evidence::Kind::dns, {}, fmt::format("{} TXT: {}", record_name_, told));
  demand_.fact = answer ? "not published" : "not judged: " + answer.error().message();
  if (records.size() > 1) {
    warn("M3051", record_name_, std::to_string(records.size()), "two records");
    co_return false;
  }
  if (records.empty() && nearly.empty()) co_return false;
  const auto record = mailauth::parse_sts_record(records.empty() ? nearly[0] : records[0]);
  if (record) co_return true;
  warn("M3052", record_name_, record.error().message(), "the record cannot be read");
  co_return false;
}

io::Task<bool> StsLook::find_host() {
  Both both = co_await look_up(context_, host_, request_.family);
  if (!both.all().empty()) co_return true;
  if (const Error* error = both.error())
    not_judged(error->message());
  else
    warn("M3053", url_, fmt::format("the name {} has no address", host_), "the policy is missing");
  co_return false;
}

void StsLook::judge_fetch_error(const Error& error) {
  switch (error.code()) {
    case ErrorCode::tls:
      return warn("M3054", host_, error.message(), "the policy's host has a bad certificate");
    case ErrorCode::resource_exhausted:
      return warn("M3056", url_, error.message(), "the policy cannot be read");
    case ErrorCode::refused:
    case ErrorCode::peer_gone:
    case ErrorCode::protocol:
      return warn("M3053", url_, error.message(), "the policy is missing");
    default:
      return not_judged(error.message());
  }
}

std::optional<StsPolicy> StsLook::read(const web::Response& answer) {
  const std::string code = fmt::format("HTTP {}", answer.code);
  if (answer.code >= 300 && answer.code < 400) {
    std::string to;
    for (const auto& [name, value] : answer.fields)
      if (name == "location") to = " to " + value.substr(0, shown_octets_max);
    warn("M3055", url_, code + to, "the policy is redirected");
    return std::nullopt;
  }
  if (answer.code != code_ok) {
    warn("M3053", url_, code, "the policy is missing");
    return std::nullopt;
  }
  auto policy = mailauth::parse_sts_policy(answer.body);
  if (policy && base::starts_with_ignoring_case(answer.content_type, "text/plain"))
    return *std::move(policy);
  warn("M3056", url_,
       policy ? fmt::format("its type is \"{}\", and must be text/plain",
                            answer.content_type.substr(0, shown_octets_max))
              : policy.error().message(),
       "the policy cannot be read");
  return std::nullopt;
}

io::Task<std::optional<StsPolicy>> StsLook::fetch() {
  web::Client::Surroundings around{context_.loop, context_.network, context_.resolver,
                                   context_.verifying_tls};
  web::Client client(around, {.body_octets_max = mailauth::sts_policy_octets_max});
  base::HttpUrl url{.host = host_, .target = path};
  web::Request question;
  question.method = "GET";
  ++context_.effects.connections;
  auto answer = co_await client.exchange(std::move(url), std::move(question),
                                         context_.loop.now() + fetch_patience);
  context_.evidence.note(fmt::format(
      "GET {}: {}", url_,
      answer ? fmt::format("HTTP {}, {}, {} octets", answer->code,
                           answer->content_type.substr(0, shown_octets_max), answer->body.size())
             : answer.error().message()));
  if (!answer) judge_fetch_error(answer.error());
  if (!answer) co_return std::nullopt;
  co_return read(*answer);
}

// The host that was walked must have what the policy demands of each (RFC 8461 §4.2).
void StsLook::judge_certificate(const StsPolicy& policy) {
  const tls::CertificateReport& certificate = ground_.certificate;
  if (certificate.shown && certificate.problems.empty()) return;
  Finding made =
      finding("M3058", record_name_,
              certificate.shown ? certificate.problems.front().text : "it offers no STARTTLS");
  made.parameters["mode"] = name(policy.mode);
  if (policy.mode == StsMode::testing) made.severity = Severity::warning;
  demand_.line = "not as the domain's MTA-STS policy wants it";
  demand_.findings.push_back(std::move(made));
}

void StsLook::judge(const StsPolicy& policy) {
  demand_.fact = fmt::format("mode {}, max_age {} s, mx {}", name(policy.mode), policy.max_age_s,
                             fmt::join(policy.patterns, ", "));
  if (policy.mode == StsMode::none) {
    demand_.remark = "MTA-STS: switched off by its policy (mode none).";
    return;
  }
  std::vector<std::string> unnamed;
  for (const std::string& host : ground_.mail_hosts)
    if (!policy.names(host)) unnamed.push_back(host);
  if (!unnamed.empty()) {
    Finding made = finding("M3057", record_name_, fmt::format("{}", fmt::join(unnamed, ", ")));
    made.parameters["mode"] = name(policy.mode);
    made.parameters["host"] = unnamed.front();
    made.observed = fmt::format("mx: {}", fmt::join(policy.patterns, ", "));
    // Senders go on to a host that is named.
    const bool passable = unnamed.size() < ground_.mail_hosts.size();
    if (passable || policy.mode == StsMode::testing) made.severity = Severity::warning;
    demand_.line = "MTA-STS does not name the mail host";
    demand_.findings.push_back(std::move(made));
  }
  judge_certificate(policy);
  if (demand_.findings.empty())
    demand_.remark = fmt::format(
        "MTA-STS: mode {}; the policy names every mail host, and this one holds.{}",
        name(policy.mode),
        policy.mode == StsMode::testing ? " Senders only report failures in this mode." : "");
}

io::Task<void> StsLook::run() {
  if (ground_.is_address || ground_.domain.empty()) {
    demand_.fact = "not looked for";
    co_return;
  }
  const bool announced = co_await find_record();
  if (!announced) co_return;
  const bool may_fetch =
      context_.verifying_tls != nullptr && (!context_.may_visit || context_.may_visit(https_port));
  if (!may_fetch) {
    demand_.fact = "announced; the policy is not fetched from here";
    co_return;
  }
  const bool has_address = co_await find_host();
  if (!has_address) co_return;
  auto policy = co_await fetch();
  if (policy) judge(*policy);
}

}  // namespace

io::Task<void> look_at_sts(Context& context, const Request& request, const Ground& ground,
                           Demand& demand) {
  StsLook look(context, request, ground, demand);
  co_await look.run();
}

}  // namespace waypost::doctor
