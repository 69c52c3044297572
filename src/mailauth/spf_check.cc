#include "mailauth/spf_check.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "mailauth/spf_evaluation.h"

namespace waypost::mailauth {

std::string_view name(SpfTermOutcome outcome) {
  static constexpr std::string_view names[] = {"not reached", "not matched", "matched",
                                               "over the limit", "failed"};
  return names[static_cast<size_t>(outcome)];
}

bool is_spf_domain(std::string_view domain) {
  if (domain.ends_with('.')) domain.remove_suffix(1);
  if (domain.empty() || domain.size() > 253 || domain.starts_with('[')) return false;
  size_t labels = 0;
  for (size_t begin = 0; begin <= domain.size(); ++labels) {
    const size_t end = std::min(domain.find('.', begin), domain.size());
    if (end == begin || end - begin > 63) return false;
    begin = end + 1;
  }
  return labels >= 2;
}

io::Task<SpfVerdict> check_spf(dns::Resolver& resolver, SpfQuestion question, Instant deadline) {
  MacroValues values;
  values.ip = question.ip;
  values.helo = question.helo;
  values.receiver = question.receiver;
  values.now = question.now;
  const size_t at = question.sender.rfind('@');
  const bool has_domain = at != std::string::npos;
  values.sender_domain = has_domain                ? question.sender.substr(at + 1)
                         : question.sender.empty() ? question.helo
                                                   : question.sender;
  values.local_part = has_domain ? question.sender.substr(0, at) : "";
  if (values.local_part.empty()) values.local_part = "postmaster";
  std::string domain = question.domain.empty() ? values.sender_domain : question.domain;
  SpfEvaluation evaluation(resolver, std::move(values), deadline);
  SpfVerdict verdict = co_await evaluation.run(std::move(domain), question.wants_trace);
  co_return verdict;
}

}  // namespace waypost::mailauth
