#include <algorithm>

#include "base/ascii.h"
#include "doctor/judgements.h"
#include "doctor/ways.h"

namespace waypost::doctor {
namespace {

constexpr std::chrono::milliseconds patience{1500};

// The name that a server gives itself behind its 220; "" for none.
std::string name_in(std::string_view greeting) {
  size_t begin = greeting.find(' ');
  if (begin == greeting.npos) return {};
  std::string_view rest = greeting.substr(begin + 1);
  std::string name = base::to_lower(rest.substr(0, rest.find(' ')));
  return name.find('.') == std::string::npos ? "" : name;
}

// "example.com" of "smtp.example.com": enough to tell one owner from another here, where a third
// thing has to agree.
std::string_view owner_of(std::string_view name) {
  size_t last = name.rfind('.');
  if (last == name.npos || last == 0) return name;
  size_t before = name.rfind('.', last - 1);
  return before == name.npos ? name : name.substr(before + 1);
}

}  // namespace

io::Task<std::optional<Finding>> judge_redirection(Context& context, const Ground& ground,
                                                   const Opening& opening) {
  bool proved = opening.tls && !opening.certificate.has(tls::CertificateProblem::wrong_name);
  if (!ground.tries_other_ways) co_return std::nullopt;
  if (ground.port != 25 || proved || !opening.session || ground.is_address) co_return std::nullopt;
  std::string called = name_in(opening.session->greeting);
  if (called.empty() || owner_of(called) == owner_of(ground.host)) co_return std::nullopt;
  std::vector<UsualPort> ways{{587, Encryption::starttls}, {465, Encryption::implicit}};
  IpAddress address = ground.at.address;
  auto trials = co_await try_ways(context, ground.host, address, std::move(ways), patience);
  for (const Trial& trial : trials) {
    std::string own = name_in(trial.greeting);
    if (own.empty() || owner_of(own) != owner_of(ground.host)) continue;
    Finding finding;
    finding.id = "M2009";
    finding.confidence = Confidence::likely;
    finding.parameters = ground.parameters();
    finding.parameters["name"] = called;
    finding.observed = opening.session->greeting;
    finding.evidence = {opening.evidence};
    finding.notes.push_back("On port " + std::to_string(trial.at.port) + " the same address says " +
                            own + ".");
    add_fixes(finding, trials, ground.port);
    co_return finding;
  }
  co_return std::nullopt;
}

}  // namespace waypost::doctor
