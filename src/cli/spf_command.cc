#include "cli/spf_command.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/name_questions.h"
#include "dns/idn.h"

namespace waypost::cli {
namespace {

using mailauth::SpfQuestion;
using mailauth::SpfRemark;
using mailauth::SpfResult;

int wrong_call(std::string_view what) {
  note(fmt::format("waypost spf check: {}\n  See waypost spf check --help.\n", what));
  return exit_code::usage;
}

std::string a_labels(const std::string& domain) {
  auto converted = dns::to_a_labels(domain);
  return converted ? *converted : domain;
}

// Everything, in one task for the loop.
struct SpfAsking {
  dns::Resolver& resolver;
  std::optional<SpfQuestion> question;
  std::string domain;
  NameQuestions& names;
  Duration patience;

  io::Task<SpfFindings> run() {
    SpfFindings findings;
    if (question) {
      findings.ip = question->ip.text();
      findings.sender = question->sender;
      findings.verdict = co_await mailauth::check_spf(resolver, *question, names.in(patience));
      domain = findings.verdict->domain;
      // Whoever does not answer once would only be waited for again.
      if (findings.verdict->result == SpfResult::temperror) {
        findings.not_analysed = findings.verdict->problem;
        co_return findings;
      }
    }
    auto records = co_await mailauth::survey_spf(resolver, domain, names.in(patience));
    auto unread = co_await mailauth::find_unread_spf(resolver, domain, names.in(patience));
    if (records)
      findings.analysis = mailauth::analyse_spf(
          domain, *std::move(records), unread ? *unread : std::vector<mailauth::UnreadRecord>());
    else
      findings.not_analysed = records.error().message();
    co_return findings;
  }
};

int exit_code_of(const SpfFindings& findings) {
  if (findings.verdict) {
    if (findings.verdict->result == SpfResult::temperror) return exit_code::could_not_finish;
    return findings.verdict->result == SpfResult::pass ? exit_code::ok : exit_code::negative;
  }
  if (!findings.analysis) return exit_code::could_not_finish;
  const auto& remarks = findings.analysis->remarks;
  const bool bad = std::any_of(remarks.begin(), remarks.end(), [](const SpfRemark& remark) {
    return remark.weight == SpfRemark::Weight::error;
  });
  return bad ? exit_code::negative : exit_code::ok;
}

}  // namespace

int spf_check_command(const Global& global, const SpfArguments& arguments) {
  auto patience = base::parse_duration(arguments.timeout);
  if (!patience) return report(patience.error());
  const bool names_sender = !arguments.from.empty() || !arguments.helo.empty();
  if (!names_sender && arguments.domain.empty())
    return wrong_call("name a DOMAIN, or a sender with --from or --helo");
  if (arguments.ip.empty() && arguments.domain.empty())
    return wrong_call("--ip names the address that the mail comes from");
  std::optional<SpfQuestion> question;
  if (!arguments.ip.empty()) {
    auto ip = IpAddress::parse(arguments.ip);
    if (!ip) return report(ip.error());
    question.emplace();
    question->ip = *ip;
    const size_t at = arguments.from.rfind('@');
    question->sender = at == std::string::npos ? a_labels(arguments.from)
                                               : arguments.from.substr(0, at + 1) +
                                                     a_labels(arguments.from.substr(at + 1));
    question->helo = arguments.helo;
    question->domain = a_labels(arguments.domain);
    if (!names_sender) question->sender = question->domain;
  }
  auto names = NameQuestions::create(global);
  if (!names) return names.error();
  if (question) question->now = (*names)->wall_now();
  SpfAsking asking{(*names)->resolver(), question, a_labels(arguments.domain), **names, *patience};
  const SpfFindings findings = (*names)->run(asking.run());
  print(global.json ? spf_json(findings) + "\n" : spf_text(findings, colors_output(global.color)));
  return exit_code_of(findings);
}

}  // namespace waypost::cli
