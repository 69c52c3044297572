#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "dns/rdata.h"
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
  const char* words;  // for what is wrong besides
};
// The worst first: what makes all the rest moot.
constexpr std::array kinds{
    Kind{CertificateProblem::expired, "M3021", "it has expired"},
    Kind{CertificateProblem::not_yet_valid, "M3022", "it is not valid yet"},
    Kind{CertificateProblem::weak_key, "M3027", "its key is too weak"},
    Kind{CertificateProblem::self_signed, "M3024", "it is self-signed"},
    Kind{CertificateProblem::chain_incomplete, "M3025", "its chain is incomplete"},
    Kind{CertificateProblem::issuer_unknown, "M3026", "its authority is not known here"},
    Kind{CertificateProblem::wrong_name, "M3023", "it is for another name"},
    Kind{CertificateProblem::other, "M3026", "it is refused"},
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

// One that can be connected to: "*.example.com" says only what others could be called.
std::optional<std::string> host_of(const CertificateReport& certificate) {
  for (const std::string& name : certificate.names)
    if (dns::normalize_name(name) && name.find('.') != std::string::npos) return name;
  return std::nullopt;
}

void describe(Finding& finding, const CertificateReport& certificate, WallTime now) {
  finding.observed = fmt::format("{}   valid {} .. {}", names_of(certificate),
                                 date_of(certificate.valid_from), date_of(certificate.valid_until));
  Parameters& known = finding.parameters;
  bool early = finding.id == "M3022";
  known["names"] = names_of(certificate);
  known["name"] = finding.id == "M3025" || finding.id == "M3026" ? certificate.issuer
                  : finding.id == "M3024"                        ? certificate.subject
                  : certificate.names.empty()                    ? certificate.subject
                                                                 : certificate.names.front();
  if (finding.id == "M3023")
    if (auto host = host_of(certificate)) known["meant"] = *std::move(host);
  known["date"] = date_of(early ? certificate.valid_from : certificate.valid_until);
  known["days"] =
      fmt::format("{} days", std::abs(early ? days_between(now, certificate.valid_from)
                                            : days_between(certificate.valid_until, now)));
  if (finding.id == "M3027") known["seen"] = fmt::format("a weak key, {}", certificate.key);
  if (early || finding.id == "M3021")
    finding.notes.push_back(fmt::format("Your clock says {}.", minute_of(now)));
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
  finding.parameters["seen"] = fmt::format("the server's says {}", minute_of(*theirs));
  finding.parameters["date"] = minute_of(now);
  finding.notes.clear();
  finding.observed = fmt::format("this machine says {}, the server's greeting {}", minute_of(now),
                                 minute_of(*theirs));
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

  if (item.whose != certificate.subject)
    finding.notes.push_back(fmt::format("It is about the certificate of {}.", item.whose));
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
