#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "doctor/judgements.h"

namespace waypost::doctor {
namespace {

using tls::CertificateProblem;
using tls::CertificateReport;

constexpr std::chrono::days warn_before{14};
// Some authorities issue for a few days only.
constexpr std::chrono::days short_lived{30};
constexpr std::chrono::hours clock_tolerance{1};

struct Kind {
  CertificateProblem problem;
  const char* id;
  const char* fix;
  const char* words;  // for what is wrong besides
};
// The worst first: what makes all the rest moot.
constexpr std::array kinds{
    Kind{CertificateProblem::expired, "M3021", "renew-certificate", "it has expired"},
    Kind{CertificateProblem::not_yet_valid, "M3022", "correct-dates", "it is not valid yet"},
    Kind{CertificateProblem::weak_key, "M3027", "stronger-key", "its key is too weak"},
    Kind{CertificateProblem::self_signed, "M3024", "known-authority", "it is self-signed"},
    Kind{CertificateProblem::chain_incomplete, "M3025", "send-chain", "its chain is incomplete"},
    Kind{CertificateProblem::issuer_unknown, "M3026", "trust-authority",
         "its authority is not known here"},
    Kind{CertificateProblem::wrong_name, "M3023", "use-certified-name", "it is for another name"},
    Kind{CertificateProblem::other, "M3026", "ask-operator", "it is refused"},
};

std::string date_of(WallTime time) { return base::to_rfc3339(time).substr(0, 10); }
std::string minute_of(WallTime time) {
  std::string text = base::to_rfc3339(time).substr(0, 16);
  text[10] = ' ';
  return text + " UTC";
}

long days_between(WallTime from, WallTime to) {
  return std::chrono::duration_cast<std::chrono::days>(to - from).count();
}

bool holds_at(const CertificateReport& certificate, WallTime time) {
  return certificate.valid_from <= time && time <= certificate.valid_until;
}

std::string names_of(const CertificateReport& certificate) {
  if (certificate.names.empty()) return "no host at all";
  std::vector<std::string> shown = certificate.names;
  bool more = shown.size() > 4;
  if (more) shown.resize(4);
  return fmt::format("{}{}", fmt::join(shown, ", "), more ? ", ..." : "");
}

void describe(Finding& finding, const CertificateReport& certificate, WallTime now) {
  finding.observed = fmt::format("{}   valid {} .. {}", names_of(certificate),
                                 date_of(certificate.valid_from), date_of(certificate.valid_until));
  Parameters& known = finding.parameters;
  known["subject"] = certificate.subject;
  known["issuer"] = certificate.issuer;
  known["names"] = names_of(certificate);
  known["from"] = date_of(certificate.valid_from);
  known["until"] = date_of(certificate.valid_until);
  known["now"] = minute_of(now);
  known["key"] = certificate.key;
  known["days"] = std::to_string(std::abs(days_between(certificate.valid_until, now)));
  if (finding.id == "M3022")
    known["days"] = std::to_string(std::abs(days_between(now, certificate.valid_from)));
  if (finding.id == "M3024" || finding.id == "M3026")
    finding.observed += fmt::format(", issuer {}", certificate.issuer);
  if (finding.id == "M3027") finding.observed += fmt::format(", key {}", certificate.key);
}

// Our own clock against the server's, where that is told.
std::optional<Finding> judge_clock(const Finding& about, const CertificateReport& certificate,
                                   const std::string& greeting, WallTime now) {
  auto theirs = time_told_in(greeting);
  if (!theirs) return {};
  auto apart = *theirs > now ? *theirs - now : now - *theirs;
  if (apart < clock_tolerance || !holds_at(certificate, *theirs)) return {};
  Finding finding = about;
  finding.id = "M3028";
  finding.confidence = Confidence::likely;
  finding.parameters["seen"] = minute_of(*theirs);
  finding.parameters["now"] = minute_of(now);
  finding.observed = fmt::format("this machine says {}, the server's greeting {}", minute_of(now),
                                 minute_of(*theirs));
  finding.fixes = {{"set-clock", "client"}};
  return finding;
}

std::optional<Finding> judge_remaining_time(Finding finding, const CertificateReport& certificate,
                                            WallTime now) {
  if (certificate.valid_until - now > warn_before ||
      certificate.valid_until - certificate.valid_from < short_lived)
    return {};
  finding.id = "M3029";
  finding.severity = Severity::warning;
  describe(finding, certificate, now);
  finding.fixes.push_back({"renew-certificate", "server"});
  return finding;
}

}  // namespace

std::optional<Finding> judge_certificate(const Ground& ground, const Opening& opening,
                                         const std::string& greeting, WallTime now) {
  const CertificateReport& certificate = opening.certificate;
  Finding finding;
  finding.parameters = ground.parameters();
  finding.evidence = {opening.evidence};
  if (certificate.problems.empty())
    return judge_remaining_time(std::move(finding), certificate, now);
  auto worst = std::find_if(kinds.begin(), kinds.end(), [&certificate](const Kind& kind) {
    return certificate.has(kind.problem);
  });
  finding.id = worst->id;
  describe(finding, certificate, now);
  const CertificateReport::Item& item = *certificate.find(worst->problem);
  finding.parameters["reason"] = item.text;
  finding.parameters["whose"] = item.whose;
  if (item.whose != certificate.subject)
    finding.notes.push_back(fmt::format("It is about the certificate of {}.", item.whose));
  finding.fixes.push_back(
      {worst->fix, worst->problem == CertificateProblem::issuer_unknown ? "client" : "server"});
  for (const Kind& kind : kinds)
    if (&kind != &*worst && certificate.has(kind.problem))
      finding.notes.push_back(fmt::format("Besides: {}.", kind.words));
  bool about_time = worst->problem == CertificateProblem::expired ||
                    worst->problem == CertificateProblem::not_yet_valid;
  if (about_time) {
    if (auto clock = judge_clock(finding, certificate, greeting, now)) return clock;
  }
  return finding;
}

std::optional<WallTime> time_told_in(std::string_view text) {
  static constexpr std::array<std::string_view, 12> months{
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (size_t comma = text.find(", "); comma != text.npos; comma = text.find(", ", comma + 1)) {
    std::string rest(text.substr(comma + 2, 40));
    int day = 0, year = 0, hour = 0, minute = 0, second = 0, zone = 0;
    char month[4] = {};
    char sign = '+';
    int got = std::sscanf(rest.c_str(), "%2d %3s %4d %2d:%2d:%2d %c%4d", &day, month, &year, &hour,
                          &minute, &second, &sign, &zone);
    auto place = std::find(months.begin(), months.end(), std::string_view(month));
    if (got < 6 || place == months.end()) continue;
    if (got < 8) zone = 0;
    namespace chrono = std::chrono;
    chrono::year_month_day date{chrono::year(year),
                                chrono::month(static_cast<unsigned>(place - months.begin() + 1)),
                                chrono::day(static_cast<unsigned>(day))};
    if (!date.ok() || year < 1970 || year > 2200) continue;
    chrono::minutes offset = chrono::hours(zone / 100) + chrono::minutes(zone % 100);
    WallTime local = chrono::sys_days(date) + chrono::hours(hour) + chrono::minutes(minute) +
                     chrono::seconds(second);
    return sign == '-' ? local + offset : local - offset;
  }
  return {};
}

}  // namespace waypost::doctor
