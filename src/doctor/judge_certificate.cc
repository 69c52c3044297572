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
using Item = CertificateReport::Item;

constexpr std::chrono::days warn_before{14};
// Some authorities issue for a few days only.
constexpr std::chrono::days short_lived{30};
constexpr std::chrono::hours clock_tolerance{1};

struct Kind {
  CertificateProblem problem;
  const char* id;
  const char* id_above;  // where a certificate above the server's own has it
  const char* words;     // for what is wrong besides
};
// The worst first: what makes all the rest moot. Nobody is to be told to trust the authority of a
// certificate that breaks another rule.
constexpr std::array kinds{
    Kind{CertificateProblem::other, "M3031", "M3031", "breaks a rule"},
    Kind{CertificateProblem::expired, "M3021", "M3030", "has expired"},
    Kind{CertificateProblem::not_yet_valid, "M3022", "M3030", "is not valid yet"},
    Kind{CertificateProblem::weak_key, "M3027", "M3032", "has a key or signature that is too weak"},
    Kind{CertificateProblem::self_signed, "M3024", "M3024", "is self-signed"},
    Kind{CertificateProblem::chain_incomplete, "M3025", "M3025", "has an incomplete chain"},
    Kind{CertificateProblem::issuer_unknown, "M3026", "M3026", "has an authority not known here"},
    Kind{CertificateProblem::wrong_name, "M3023", "M3023", "is for another name"},
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

bool holds_at(const Item& item, WallTime time) {
  return item.valid_from <= time && time <= item.valid_until;
}

// The server's own, where nothing is wrong with it.
Item own(const CertificateReport& certificate) {
  Item item;
  item.whose = certificate.subject;
  item.issuer = certificate.issuer;
  item.valid_from = certificate.valid_from;
  item.valid_until = certificate.valid_until;
  return item;
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

// Whose certificate it is about, in the words of the finding.
std::string name_for(const Finding& finding, const CertificateReport& certificate,
                     const Item& item) {
  if (finding.id == "M3025" || finding.id == "M3026") return item.issuer;
  if (item.of_authority || finding.id == "M3024" || finding.id == "M3031") return item.whose;
  return certificate.names.empty() ? certificate.subject : certificate.names.front();
}

std::string seen_of(const Finding& finding, const CertificateReport& certificate, const Item& item,
                    bool early) {
  const Parameters& known = finding.parameters;
  if (finding.id == "M3025")
    return certificate.chain_sent == 1 ? "its own certificate only"
                                       : fmt::format("{} certificates", certificate.chain_sent);
  if (finding.id != "M3030") return item.text;
  return early ? fmt::format("is good only from {} on, in {}", known.at("date"), known.at("days"))
               : fmt::format("was good until {}, {} ago", known.at("date"), known.at("days"));
}

void describe(Finding& finding, const CertificateReport& certificate, const Item& item,
              WallTime now) {
  const bool above = item.of_authority && (finding.id == "M3030" || finding.id == "M3032");
  finding.observed = fmt::format("{}   valid {} .. {}", above ? item.whose : names_of(certificate),
                                 date_of(item.valid_from), date_of(item.valid_until));
  Parameters& known = finding.parameters;
  const bool early = item.problem == CertificateProblem::not_yet_valid;
  known["names"] = names_of(certificate);
  known["name"] = name_for(finding, certificate, item);
  if (finding.id == "M3023")
    if (auto host = host_of(certificate)) known["meant"] = *std::move(host);
  known["date"] = date_of(early ? item.valid_from : item.valid_until);
  known["days"] = fmt::format("{} days", std::abs(early ? days_between(now, item.valid_from)
                                                        : days_between(item.valid_until, now)));
  known["seen"] = seen_of(finding, certificate, item, early);
  if (finding.id == "M3021" || finding.id == "M3022" || finding.id == "M3030")
    finding.notes.push_back(fmt::format("Your clock says {}.", minute_of(now)));
  if (finding.id == "M3024" || finding.id == "M3026")
    finding.observed += fmt::format(", issuer {}", certificate.issuer);
  if (finding.id == "M3027") finding.observed += fmt::format(", key {}", certificate.key);
  if (above)
    finding.notes.push_back(item.sent ? "The server sends it in its chain."
                                      : "It stands in this machine's list of authorities.");
}

// Our own clock against the server's, where that is told.
std::optional<Finding> judge_clock(const Finding& about, const Item& item,
                                   const std::string& greeting, WallTime now) {
  auto theirs = time_told_in(greeting);
  if (!theirs) return {};
  auto apart = *theirs > now ? *theirs - now : now - *theirs;
  if (apart < clock_tolerance || !holds_at(item, *theirs)) return {};
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
  describe(finding, certificate, own(certificate), now);
  return finding;
}

// What stops nobody today.
std::optional<Finding> judge_holding(Finding finding, const CertificateReport& certificate,
                                     WallTime now) {
  auto ending = judge_remaining_time(finding, certificate, now);
  if (!certificate.only_common_name) return ending;
  finding.id = "M3033";
  finding.severity = Severity::warning;
  describe(finding, certificate, own(certificate), now);
  if (ending)
    finding.notes.push_back(fmt::format("Besides: it ends in {}.", finding.parameters.at("days")));
  return finding;
}

void add_besides(Finding& finding, const CertificateReport& certificate, const Item& told) {
  for (const Kind& kind : kinds) {
    const Item* item = certificate.find(kind.problem);
    if (!item || item == &told) continue;
    if (item->of_authority)
      finding.notes.push_back(
          fmt::format("Besides: the certificate of {} {}.", item->whose, kind.words));
    else
      finding.notes.push_back(fmt::format("Besides: it {}.", kind.words));
  }
}

}  // namespace

std::optional<Finding> judge_certificate(const Ground& ground, const Opening& opening,
                                         const std::string& greeting, WallTime now) {
  const CertificateReport& certificate = opening.certificate;
  Finding finding;
  finding.parameters = ground.parameters();
  finding.evidence = {opening.evidence};
  if (certificate.problems.empty()) return judge_holding(std::move(finding), certificate, now);
  auto worst = std::find_if(kinds.begin(), kinds.end(), [&certificate](const Kind& kind) {
    return certificate.has(kind.problem);
  });
  const Item& item = *certificate.find(worst->problem);
  finding.id = item.of_authority ? worst->id_above : worst->id;
  describe(finding, certificate, item, now);
  if (finding.id == "M3026" && item.of_authority && item.issuer != item.whose)
    finding.notes.push_back(
        fmt::format("The server sends no certificate of {}: it may be one that is missing in its "
                    "chain, and none to trust here.",
                    item.issuer));
  add_besides(finding, certificate, item);
  bool about_time = worst->problem == CertificateProblem::expired ||
                    worst->problem == CertificateProblem::not_yet_valid;
  if (about_time) {
    if (auto clock = judge_clock(finding, item, greeting, now)) return clock;
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
