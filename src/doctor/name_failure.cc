#include "doctor/name_failure.h"

#include <algorithm>

#include <fmt/format.h>

#include "dns/direct_question.h"
#include "io/task_group.h"

namespace waypost::doctor {
namespace {

using dns::DirectAnswer;
using dns::DirectQuestion;
using Answer = std::optional<Result<DirectAnswer>>;
constexpr std::chrono::milliseconds connect_patience{1500};
// A resolver that is there may have to ask others first; programs wait five seconds
// (resolv.conf(5)).
constexpr std::chrono::seconds answer_patience{5};
constexpr size_t servers_asked_max = 3;
constexpr size_t aliases_max = 8;

// What one name server says over TCP, now.
struct Inquiry {
  Endpoint server;
  Answer checked;  // as everybody asks
  Answer raw;      // with checking disabled
  Answer root;     // about something that every server knows

  bool answers() const { return (checked && *checked) || (raw && *raw) || (root && *root); }
};

io::Task<void> ask(Context& context, Endpoint server, DirectQuestion question, Answer& answer) {
  answer = co_await dns::ask_directly(context.loop, context.network, server, std::move(question),
                                      context.loop.now() + answer_patience,
                                      context.loop.now() + connect_patience);
}

std::string told(const Answer& answer) {
  return answer && *answer ? std::to_string((*answer)->rcode) : answer->error().message();
}

// All at once: who has waited for the first answer already waits no longer than one patience more.
// Where nobody is there at all, that is the shorter one.
io::Task<std::vector<Inquiry>> inquire(Context& context, std::string name) {
  std::vector<Inquiry> inquiries;
  for (const Endpoint& server : context.name_servers)
    if (inquiries.size() < servers_asked_max) inquiries.push_back({server, {}, {}, {}});
  io::TaskGroup group;
  for (Inquiry& each : inquiries) {
    group.start(ask(context, each.server, {name, DirectQuestion::type_a, false}, each.checked));
    group.start(ask(context, each.server, {name, DirectQuestion::type_a, true}, each.raw));
    group.start(ask(context, each.server, {"", DirectQuestion::type_ns, true}, each.root));
  }
  co_await group.join();
  for (const Inquiry& each : inquiries)
    context.evidence.add(
        Evidence::Kind::dns, each.server.text(),
        fmt::format("{} over TCP: response code {}; with checking disabled {}; the root: {}", name,
                    told(each.checked), told(each.raw), told(each.root)));
  co_return inquiries;
}

std::string failures_of(const std::vector<Inquiry>& inquiries) {
  std::string all;
  for (const Inquiry& each : inquiries)
    all += fmt::format("{}{}: {}", all.empty() ? "" : "; ", each.server.text(),
                       each.checked->error().message());
  return all;
}

Finding dead_resolver(const Context& context, Finding finding,
                      const std::vector<Inquiry>& inquiries, const Error& error) {
  finding.id = "M1004";
  const std::string failures = failures_of(inquiries);
  if (!failures.empty())
    finding.observed = fmt::format("{}; asked again over TCP, {}", error.message(), failures);
  // Where TCP does not pass, one that says SERVFAIL over UDP looks the same.
  if (context.name_servers.empty() || error.code() != ErrorCode::timed_out)
    finding.confidence = Confidence::likely;
  return finding;
}

// The resolver is alive, and has nothing to say about this name.
Finding no_answer(Finding finding, const std::string& seen, const std::string& observed) {
  finding.id = "M1005";
  finding.parameters["seen"] = seen;
  finding.observed = observed;
  return finding;
}

Finding judge_answer(Finding finding, const Inquiry& inquiry, const Error& error) {
  const std::string server = inquiry.server.text();
  if (!*inquiry.checked)
    return no_answer(
        std::move(finding), "nothing",
        fmt::format("no answer in time from {}, which answers other questions", server));
  const DirectAnswer& checked = **inquiry.checked;
  const bool failed = checked.rcode == DirectAnswer::server_failure;
  const bool raw_fine = *inquiry.raw && ((*inquiry.raw)->rcode == DirectAnswer::no_error ||
                                         (*inquiry.raw)->rcode == DirectAnswer::no_such_name);
  if (failed && raw_fine) {
    finding.id = "M1003";
    finding.observed = fmt::format("SERVFAIL; with DNSSEC checking disabled {} answers", server);
    return finding;
  }
  const bool fine =
      checked.rcode == DirectAnswer::no_error || checked.rcode == DirectAnswer::no_such_name;
  if (fine && error.code() == ErrorCode::timed_out) {
    finding.id = "M1004";
    finding.confidence = Confidence::likely;
    finding.observed = fmt::format(
        "no answer in time; asked again, over TCP, {} answers: UDP port 53 is perhaps blocked",
        server);
    return finding;
  }
  if (fine)
    return no_answer(std::move(finding), "nothing that can be used",
                     fmt::format("{}; asked directly, {} answers with code {}", error.message(),
                                 server, checked.rcode));
  const char* word = checked.rcode == DirectAnswer::refused ? "REFUSED" : "SERVFAIL";
  return no_answer(std::move(finding), word, fmt::format("{} from {}", word, server));
}

// Which one that was; the others before it are dead.
io::Task<Endpoint> ask_first_alive(Context& context, DirectQuestion question, Answer& answer) {
  size_t asked = 0;
  for (const Endpoint& server : context.name_servers) {
    if (asked++ == servers_asked_max) break;
    co_await ask(context, server, question, answer);
    if (*answer) co_return server;
  }
  co_return Endpoint();
}

}  // namespace

std::string AliasChain::text() const { return fmt::format("{}", fmt::join(names, " -> ")); }

io::Task<AliasChain> follow_aliases(Context& context, std::string name) {
  AliasChain chain;
  chain.names.push_back(name);
  Endpoint server;
  while (chain.names.size() <= aliases_max) {
    Answer answer;
    DirectQuestion question{chain.names.back(), DirectQuestion::type_cname, true};
    if (chain.names.size() == 1)
      server = co_await ask_first_alive(context, std::move(question), answer);
    else
      co_await ask(context, server, std::move(question), answer);
    if (!answer || !*answer || (*answer)->alias.empty()) break;
    const std::string next = (*answer)->alias;
    chain.loops = std::find(chain.names.begin(), chain.names.end(), next) != chain.names.end();
    chain.names.push_back(next);
    if (chain.loops) break;
  }
  if (chain.names.size() > 1)
    context.evidence.add(Evidence::Kind::dns, server.text(), "aliases: " + chain.text());
  co_return chain;
}

io::Task<NameFailure> explain_name_failure(Context& context, std::string name, Error error) {
  std::vector<Inquiry> inquiries = co_await inquire(context, name);
  Finding finding;
  finding.observed = error.message();
  finding.parameters = {{"host", name}, {"domain", name}, {"seen", error.message()}};
  if (!context.name_servers.empty())
    finding.parameters["resolver"] = context.name_servers.front().text();
  auto alive = std::find_if(inquiries.begin(), inquiries.end(),
                            [](const Inquiry& each) { return each.checked && *each.checked; });
  if (alive == inquiries.end())
    alive = std::find_if(inquiries.begin(), inquiries.end(),
                         [](const Inquiry& each) { return each.answers(); });
  if (alive == inquiries.end())
    co_return NameFailure{dead_resolver(context, std::move(finding), inquiries, error), false};
  finding.parameters["resolver"] = alive->server.text();
  AliasChain chain = co_await follow_aliases(context, name);
  if (chain.loops) {
    finding.id = "M1017";
    finding.observed = chain.text();
    finding.parameters["name"] = chain.names.back();
    co_return NameFailure{std::move(finding), true};
  }
  co_return NameFailure{judge_answer(std::move(finding), *alive, error), true};
}

}  // namespace waypost::doctor
