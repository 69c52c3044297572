#include <algorithm>

#include <fmt/format.h>

#include "dns/message.h"
#include "dns/secure_question.h"
#include "dns/tlsa_record.h"
#include "doctor/demands.h"
#include "io/task_group.h"
#include "tls/dane.h"

namespace waypost::doctor {
namespace {

using dns::SecureAnswer;
using dns::Trust;
using Answer = Result<SecureAnswer>;

constexpr std::chrono::seconds patience{3};
constexpr size_t records_shown_max = 2;
constexpr size_t digits_shown = 16;

std::string_view words_of(Trust trust) {
  switch (trust) {
    case Trust::secure:
      return "validated";
    case Trust::insecure:
      return "not validated";
    case Trust::bogus:
      return "SERVFAIL; with DNSSEC checking disabled there is an answer";
  }
  return "";
}

class DaneLook {
 public:
  DaneLook(Context& context, const Request& request, const Ground& ground, Demand& demand)
      : context_(context), request_(request), ground_(ground), demand_(demand) {}

  io::Task<void> run();

 private:
  io::Task<void> ask(std::string name, uint16_t type, std::string_view type_name, Answer& answer);
  io::Task<void> follow_alias();
  io::Task<void> judge_untrusted();
  void judge_failure();
  void judge_records();
  Finding finding(std::string id) const {
    Finding made = unmet_demand(std::move(id), context_, request_, ground_);
    made.parameters["name"] = dns::tlsa_name(ground_.port, base_);
    return made;
  }
  // Something to mention, whoever asks.
  void warn(Finding made, std::string fact, std::string line) {
    made.severity = Severity::warning;
    made.notes.clear();
    tell(std::move(made), std::move(fact), std::move(line));
  }
  void tell(Finding made, std::string fact, std::string line) {
    demand_.fact = std::move(fact);
    demand_.line = std::move(line);
    demand_.findings.push_back(std::move(made));
  }

  Context& context_;
  const Request& request_;
  const Ground& ground_;
  Demand& demand_;
  std::string base_ = ground_.host;  // the name below which the records stand (RFC 7672 §2.2.2)
  Answer mx_ = failure(ErrorCode::dns, "not asked");
  Answer address_ = mx_;
  Answer tlsa_ = mx_;
};

io::Task<void> DaneLook::ask(std::string name, uint16_t type, std::string_view type_name,
                             Answer& answer) {
  dns::SecureQuestion question{name, type};
  answer = co_await dns::ask_securely(context_.loop, context_.network, context_.name_servers,
                                      std::move(question), patience);
  std::string told =
      answer ? fmt::format("{} records, {}", answer->rdata.size(), words_of(answer->trust))
             : answer.error().message();
  context_.evidence.add(Evidence::Kind::dns, {}, fmt::format("{} {}: {}", name, type_name, told));
}

// Where the host's name is an alias, the records of what it stands for come first.
io::Task<void> DaneLook::follow_alias() {
  const bool is_alias = address_ && address_->is_secure() && !address_->canonical_name.empty() &&
                        address_->canonical_name != ground_.host;
  if (!is_alias) co_return;
  Answer further = failure(ErrorCode::dns, "not asked");
  const std::string name = dns::tlsa_name(ground_.port, address_->canonical_name);
  co_await ask(name, dns::record_type::tlsa, "TLSA", further);
  if (!further || further->rdata.empty()) co_return;
  base_ = address_->canonical_name;
  tlsa_ = std::move(further);
}

// The question went wrong. Senders ask it only where the host's address is validated.
void DaneLook::judge_failure() {
  if (!address_ || !address_->is_secure()) {
    demand_.fact = address_ ? "not looked for: the zone of the host is not signed"
                            : "not judged: " + address_.error().message();
    return;
  }
  Finding made = finding("M3042");
  made.parameters["seen"] = tlsa_ ? std::string(words_of(tlsa_->trust)) : tlsa_.error().message();
  tell(std::move(made), "the lookup fails", "the TLSA record cannot be looked up");
}

// There are records, and nobody has validated them: is that the zone or the resolver?
io::Task<void> DaneLook::judge_untrusted() {
  bool validates = (mx_ && mx_->is_secure()) || (address_ && address_->is_secure());
  if (!validates) {
    Answer root = failure(ErrorCode::dns, "not asked");
    std::string name;
    co_await ask(std::move(name), dns::record_type::soa, "SOA of the root", root);
    validates = root && root->is_secure();
  }
  if (validates) {
    warn(finding("M3043"), "not used: the records are not signed",
         "TLSA records that are not signed");
    co_return;
  }
  Finding made = finding("M3044");
  made.severity = Severity::note;
  made.notes.clear();
  made.parameters["resolver"] = context_.name_servers.front().text();
  tell(std::move(made), "not judged: the resolver does not validate DNSSEC", "");
}

void DaneLook::judge_records() {
  std::vector<dns::TlsaRecord> records;
  std::string shown;
  for (const std::string& rdata : tlsa_->rdata) {
    auto record = dns::parse_tlsa_rdata(rdata);
    if (!record) continue;
    if (records.size() < records_shown_max)
      shown += (shown.empty() ? "" : ", ") + record->text(digits_shown);
    records.push_back(*std::move(record));
  }
  if (records.size() > records_shown_max) shown += ", ...";
  const tls::DaneVerdict verdict = tls::judge_dane(
      ground_.certificate.chain, records, {base_, ground_.domain}, context_.loop.wall_now());
  Finding made = finding("M3041");
  made.observed = fmt::format("{} TLSA {}", made.parameters["name"], shown);
  made.parameters["seen"] = verdict.why;
  if (!verdict.wanted.empty()) made.parameters["record"] = verdict.wanted;
  using Outcome = tls::DaneVerdict::Outcome;
  if (verdict.outcome == Outcome::nothing_usable) {
    made.id = "M3046";
    made.parameters["seen"] = verdict.unusable.empty() ? "they are cut off" : verdict.unusable[0];
    warn(std::move(made), "not usable", "TLSA records that nobody can use");
    return;
  }
  if (verdict.outcome == Outcome::fits_not) {
    tell(std::move(made), "fits not: " + shown, "no TLSA record fits the certificate");
    return;
  }
  const std::string fitting = verdict.fitting.substr(0, digits_shown + 6) + "...";
  if (!mx_ || !mx_->is_secure()) {
    made = finding("M3045");
    warn(std::move(made), "fits, with unsigned MX: " + verdict.fitting,
         "DANE fits, but the domain's MX is not signed");
    return;
  }
  demand_.fact = "fits: " + verdict.fitting;
  demand_.remark = fmt::format("DANE: the TLSA record {} fits the certificate.", fitting);
}

io::Task<void> DaneLook::run() {
  if (ground_.is_address || context_.name_servers.empty()) {
    demand_.fact = "not looked for";
    co_return;
  }
  io::TaskGroup group;
  group.start(ask(ground_.domain, dns::record_type::mx, "MX", mx_));
  group.start(ask(ground_.host, dns::record_type::a, "A", address_));
  group.start(ask(dns::tlsa_name(ground_.port, base_), dns::record_type::tlsa, "TLSA", tlsa_));
  co_await group.join();
  co_await follow_alias();
  const bool failed = !tlsa_ || tlsa_->trust == Trust::bogus;
  if (failed)
    judge_failure();
  else if (tlsa_->rdata.empty())
    demand_.fact = "not published";
  else if (tlsa_->is_secure())
    judge_records();
  else
    co_await judge_untrusted();
}

}  // namespace

io::Task<void> look_at_dane(Context& context, const Request& request, const Ground& ground,
                            Demand& demand) {
  DaneLook look(context, request, ground, demand);
  co_await look.run();
}

}  // namespace waypost::doctor
