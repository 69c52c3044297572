#include "doctor/name_failure.h"

#include <fmt/format.h>

#include "dns/direct_question.h"

namespace waypost::doctor {
namespace {

using dns::DirectAnswer;
constexpr std::chrono::seconds patience{2};
constexpr size_t servers_asked_max = 3;

struct Inquiry {
  std::optional<Endpoint> answered_by;
  DirectAnswer checked;             // as everybody asks
  std::optional<DirectAnswer> raw;  // with checking disabled
  std::string failures;             // of those that did not answer
};

io::Task<Inquiry> inquire(Context& context, std::string name) {
  Inquiry inquiry;
  for (size_t i = 0; i < context.name_servers.size() && i < servers_asked_max; ++i) {
    Endpoint server = context.name_servers[i];
    dns::DirectQuestion question{name};
    auto checked = co_await dns::ask_directly(context.loop, context.network, server, question,
                                              context.loop.now() + patience);
    if (!checked) {
      inquiry.failures += fmt::format("{}{}: {}", inquiry.failures.empty() ? "" : "; ",
                                      server.text(), checked.error().message());
      context.evidence.add(Evidence::Kind::dns, server.text(), checked.error().describe());
      continue;
    }
    inquiry.answered_by = server;
    inquiry.checked = *checked;
    question.checking_disabled = true;
    auto raw = co_await dns::ask_directly(context.loop, context.network, server, question,
                                          context.loop.now() + patience);
    if (raw) inquiry.raw = *raw;
    context.evidence.add(
        Evidence::Kind::dns, server.text(),
        fmt::format("{}: response code {}; with checking disabled {}", name, checked->rcode,
                    raw ? std::to_string(raw->rcode) : raw.error().message()));
    break;
  }
  co_return inquiry;
}

}  // namespace

io::Task<Finding> explain_name_failure(Context& context, std::string name, Error error) {
  Inquiry inquiry = co_await inquire(context, name);
  Finding finding;
  finding.observed = error.message();
  finding.parameters = {{"host", name}, {"domain", name}, {"seen", error.message()}};
  if (!context.name_servers.empty())
    finding.parameters["resolver"] = context.name_servers.front().text();
  if (!inquiry.answered_by) {
    finding.id = "M1004";
    if (!inquiry.failures.empty()) finding.observed = inquiry.failures;
    if (context.name_servers.empty()) finding.confidence = Confidence::likely;
    co_return finding;
  }
  finding.parameters["resolver"] = inquiry.answered_by->text();
  bool failed = inquiry.checked.rcode == DirectAnswer::server_failure;
  bool raw_fine = inquiry.raw && (inquiry.raw->rcode == DirectAnswer::no_error ||
                                  inquiry.raw->rcode == DirectAnswer::no_such_name);
  if (failed && raw_fine) {
    finding.id = "M1003";
    finding.observed = fmt::format("SERVFAIL; with DNSSEC checking disabled {} answers",
                                   inquiry.answered_by->text());
  } else if (inquiry.checked.rcode == DirectAnswer::no_error ||
             inquiry.checked.rcode == DirectAnswer::no_such_name) {
    // It answers now, over TCP: what is dead is the way by UDP.
    finding.id = "M1004";
    finding.confidence = Confidence::likely;
    finding.observed =
        fmt::format("{} answers over TCP, and not over UDP", inquiry.answered_by->text());
  } else {
    finding.id = "M1005";
    finding.observed = inquiry.checked.rcode == DirectAnswer::refused
                           ? fmt::format("REFUSED by {}", inquiry.answered_by->text())
                           : fmt::format("SERVFAIL from {}", inquiry.answered_by->text());
    finding.parameters["seen"] =
        inquiry.checked.rcode == DirectAnswer::refused ? "REFUSED" : "SERVFAIL";
  }
  co_return finding;
}

}  // namespace waypost::doctor
