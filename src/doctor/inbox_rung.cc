#include "doctor/inbox_rung.h"

#include <fmt/format.h>

#include "doctor/block_lists.h"
#include "doctor/host_text.h"
#include "doctor/reverse_name.h"
#include "doctor/seed_watch.h"
#include "io/task_group.h"
#include "mailauth/dmarc_walk.h"
#include "mailauth/spf_check.h"

namespace waypost::doctor {
namespace {

using mailauth::SpfResult;

constexpr std::chrono::seconds proof_patience{20};

Finding finding(std::string id, Severity severity, Parameters parameters, Lookups lookups) {
  Finding made;
  made.id = std::move(id);
  made.severity = severity;
  made.parameters = std::move(parameters);
  if (!lookups.evidence.all().empty()) made.evidence = {lookups.evidence.all().back().n};
  return made;
}

std::string domain_of(std::string_view address) {
  const size_t at = address.rfind('@');
  return at == std::string_view::npos ? std::string() : std::string(address.substr(at + 1));
}

// What nobody could tell is not good news.
void not_known(RungResult& result) {
  if (result.status == RungStatus::pass) result.status = RungStatus::unknown;
}

void judge_reverse_name(const ReverseName& found, const IpAddress& address, Lookups lookups,
                        RungResult& result) {
  const Parameters about{
      {"address", address.text()}, {"name", found.name}, {"seen", found.leads_to}};
  result.add_list("reverse_names", found.names);
  switch (found.kind) {
    case ReverseName::Kind::confirmed:
      return;
    case ReverseName::Kind::none:
      return result.add(finding("M6007", Severity::error, about, lookups));
    case ReverseName::Kind::mismatched:
      return result.add(finding("M6008", Severity::warning, about, lookups));
    case ReverseName::Kind::unknown:
      not_known(result);
      return result.add_fact("reverse_name", "unknown");
  }
}

// One finding for each list that has the address, one for all that could not say.
void judge_lists(const std::vector<ListVerdict>& verdicts, const IpAddress& address,
                 Lookups lookups, RungResult& result) {
  std::string unknown, why;
  std::vector<std::string> clear;
  for (const ListVerdict& verdict : verdicts) {
    if (verdict.is_on_it()) {
      Finding listed = finding("M6009", Severity::error,
                               {{"list", verdict.list->name}, {"seen", address.text()}}, lookups);
      listed.observed = verdict.words;
      listed.notes = {verdict.means, "Why, and how to be taken off: " + verdict.list->look_up};
      result.add(std::move(listed));
    } else if (verdict.is_known()) {
      clear.push_back(verdict.list->name);
    } else {
      unknown += (unknown.empty() ? "" : ", ") + verdict.list->name;
      if (why.empty()) why = verdict.means;
    }
  }
  result.add_list("not_listed_by", std::move(clear));
  if (!unknown.empty())
    result.add(finding("M6010", Severity::note, {{"list", unknown}, {"seen", why}}, lookups));
}

// "[203.0.113.5]", or the bare address, as Gmail, Exchange and others greet.
std::optional<IpAddress> address_in(std::string_view line) {
  while (!line.empty()) {
    const size_t begin = line.find_first_not_of(" []()<>,;");
    if (begin == std::string_view::npos) return std::nullopt;
    line.remove_prefix(begin);
    std::string_view word = line.substr(0, line.find_first_of(" []()<>,;"));
    line.remove_prefix(word.size());
    if (word.starts_with("IPv6:")) word.remove_prefix(5);
    if (auto address = IpAddress::parse(word)) return *address;
  }
  return std::nullopt;
}

std::string describe(const RungResult& result, const std::optional<IpAddress>& address) {
  for (const Finding& found : result.findings)
    if (found.severity == Severity::error)
      return fmt::format("receivers have something against it ({})", found.id);
  if (result.status == RungStatus::unknown) return "not all could be asked about";
  if (address) return fmt::format("nothing is held against {}", address->text());
  return "the proofs are seen where the message arrives";
}

io::Task<void> check_domain(Lookups lookups, std::string from, RungResult& result) {
  const std::string domain = domain_of(from);
  if (domain.empty()) co_return;
  auto walk =
      co_await mailauth::walk_dmarc(lookups.resolver, domain, lookups.loop.now() + proof_patience);
  if (!walk) {
    lookups.evidence.note(fmt::format("DMARC of {}: {}", domain, walk.error().message()));
    result.add_fact("dmarc", "unknown");
    not_known(result);
    co_return;
  }
  const mailauth::DmarcRecord* record = walk->record_of(domain);
  if (record == nullptr) record = walk->record_of(walk->organizational_domain);
  lookups.evidence.add(
      Evidence::Kind::dns, {},
      fmt::format("_dmarc.{} TXT: {}", domain, record ? "a DMARC record" : "no DMARC record"));
  result.add_fact("dmarc", record ? "found" : "none");
  if (record == nullptr)
    result.add(finding("M6006", Severity::warning, {{"domain", domain}}, lookups));
}

}  // namespace

io::Task<void> check_address(Lookups lookups, IpAddress address, RungResult& result) {
  result.add_fact("address", address.text());
  ReverseName name = co_await look_up_reverse_name(lookups, address);
  judge_reverse_name(name, address, lookups, result);
  auto verdicts = co_await ask_lists(lookups, known_lists(), address);
  judge_lists(verdicts, address, lookups, result);
}

io::Task<void> check_proofs(Lookups lookups, const Sender& sender, RungResult& result) {
  mailauth::SpfQuestion question;
  question.ip = sender.address;
  question.sender = sender.from;
  question.helo = sender.hello;
  question.now = lookups.loop.wall_now();
  question.wants_trace = false;
  const std::string from = sender.from;
  const std::string address = sender.address.text();
  mailauth::SpfVerdict spf = co_await mailauth::check_spf(lookups.resolver, std::move(question),
                                                          lookups.loop.now() + proof_patience);
  const std::string result_name(mailauth::name(spf.result));
  lookups.evidence.add(Evidence::Kind::dns, {},
                       fmt::format("SPF of {} for {}: {}", spf.domain, address, result_name));
  result.add_fact("spf", result_name);
  if (spf.result == SpfResult::temperror) not_known(result);
  // RFC 7208 §8.2: what is neutral is as good as nothing.
  const bool is_silent = spf.result == SpfResult::none || spf.result == SpfResult::neutral;
  if (spf.result != SpfResult::pass && spf.result != SpfResult::temperror) {
    std::string seen = result_name;
    if (!spf.problem.empty()) seen += ": " + spf.problem;
    Parameters about{{"address", address}, {"domain", spf.domain}, {"seen", std::move(seen)}};
    const Severity severity = is_silent ? Severity::warning : Severity::error;
    result.add(finding("M6001", severity, std::move(about), lookups));
  }
  co_await check_domain(lookups, from, result);
}

std::optional<IpAddress> address_seen(Session& session) {
  const IpAddress own = session.conversation.stream()->local().address;
  if (is_public_text(own.text())) return own;
  if (session.hello_lines.empty()) return std::nullopt;
  auto said = address_in(session.hello_lines.front());
  return said && is_public_text(said->text()) ? said : std::nullopt;
}

io::Task<RungResult> walk_inbox(Context& context, Request& request, Session& session) {
  RungResult result;
  result.rung = Rung::inbox;
  result.line = "not tried";
  if (!request.send || context.effects.messages_sent == 0) co_return result;
  result.status = RungStatus::pass;
  const Instant began = context.loop.now();
  const Lookups lookups{context.loop, context.resolver, context.evidence};
  SeedWatch watch(context, request, session);
  io::TaskGroup group;
  if (watch.is_needed()) group.start(watch.run());
  const std::string from = request.from.empty() ? request.user : request.from;
  std::optional<IpAddress> address;
  if (request.mail_exchanger) address = address_seen(session);
  if (address) {
    co_await check_address(lookups, *address, result);
    const Sender sender{*address, from, session.hello};
    co_await check_proofs(lookups, sender, result);
  }
  result.line = describe(result, address);
  // While the names were asked for it was on its way.
  co_await group.join();
  watch.judge(result);
  if (watch.is_needed()) result.line = line_of_seeds(result.seeds);
  result.took = context.loop.now() - began;
  co_return result;
}

}  // namespace waypost::doctor
