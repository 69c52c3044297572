#include "reports/dmarc_advice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/time.h"

namespace waypost::reports {
namespace {

// One message in a thousand fails by chance: a name server that was away, a relay on the way.
bool is_more_than_chance(uint64_t part, uint64_t whole) { return part > 0 && part > whole / 1000; }

std::string in_percent(uint64_t part, uint64_t whole) {
  if (whole == 0) return "0 %";
  const uint64_t tenths = uint64_t(double(part) / double(whole) * 1000);
  // 100 % is all of them and nothing less.
  return fmt::format("{}.{} %", tenths / 10, tenths % 10);
}

std::string date(int64_t day) {
  const auto time = std::chrono::sys_days(std::chrono::days(day));
  return base::to_rfc3339(std::chrono::time_point_cast<WallTime::duration>(time)).substr(0, 10);
}

DmarcSender sender_of(const DmarcSource& source, bool is_ours) {
  const DmarcCounts& counts = source.counts;
  // A domain's own SPF record was asked, so whoever passes is named there.
  if (is_ours || counts.by_spf > 0) return DmarcSender::own;
  if (counts.by_dkim > 0 && !is_more_than_chance(counts.failed(), counts.messages))
    return DmarcSender::signed_by;
  if (counts.by_dkim > 0 || source.broken_signatures > 0 || source.passed_on > 0)
    return DmarcSender::forwarder;
  return source.passes_as.empty() ? DmarcSender::stranger : DmarcSender::service;
}

std::string own_remedy(const DmarcCounts& counts) {
  if (is_more_than_chance(counts.failed(), counts.messages))
    return counts.aligned == 0
               ? "Yours, and nothing is aligned: sign its mail with DKIM for your domain, and let "
                 "SPF "
                 "name this address for the envelope's sender."
               : "Yours, and part of its mail fails: something behind this address sends without "
                 "your signature and with another envelope sender.";
  if (counts.by_dkim == 0)
    return "Aligned by SPF alone, which ends at the first forwarder: sign with DKIM as well.";
  if (counts.by_spf == 0)
    return "Aligned by DKIM alone. Have SPF name this address and use an envelope sender below "
           "your "
           "domain, so that a broken signature does not lose the message.";
  return "Nothing to do.";
}

std::string remedy_of(const DmarcSource& source) {
  switch (source.sender) {
    case DmarcSender::own:
      return own_remedy(source.counts);
    case DmarcSender::signed_by:
      return "Your signature holds: a service that signs for you, or somebody who passes your mail "
             "on "
             "unchanged. Nothing to do.";
    case DmarcSender::forwarder:
      return "Your mail, passed on by others: where they change it, the signature breaks, and "
             "p=reject may lose it. Sign with DKIM; nothing else is in your hands.";
    case DmarcSender::service:
      return fmt::format(
          "Sends as you in the name of {}. If that is a service of yours, have it sign with your "
          "domain or use an envelope sender below it; if not, it is a stranger.",
          fmt::join(source.passes_as, ", "));
    case DmarcSender::stranger:
      return "Nothing passes. If no server of yours has this address, it is forged, and p=reject "
             "is "
             "what stops it.";
  }
  return {};
}

struct Failed {
  uint64_t own = 0;
  uint64_t forwarder = 0;
  uint64_t service = 0;
  uint64_t stranger = 0;
  std::string worst_own;  // addresses, the largest first
  std::string worst_service;
};

void name_one(std::string& names, const DmarcSource& source) {
  constexpr size_t octets_max = 60;
  if (names.size() < octets_max) names += (names.empty() ? "" : ", ") + source.address.text();
}

Failed failed_of(const DmarcDomain& domain) {
  Failed failed;
  for (const DmarcSource& source : domain.sources) {
    const uint64_t count = source.counts.failed();
    switch (source.sender) {
      case DmarcSender::own:
        failed.own += count;
        if (is_more_than_chance(count, source.counts.messages)) name_one(failed.worst_own, source);
        break;
      case DmarcSender::signed_by:
      case DmarcSender::forwarder:
        failed.forwarder += count;
        break;
      case DmarcSender::service:
        failed.service += count;
        name_one(failed.worst_service, source);
        break;
      case DmarcSender::stranger:
        failed.stranger += count;
        break;
    }
  }
  return failed;
}

std::vector<std::string> evidence_of(const DmarcDomain& domain, const Failed& failed) {
  std::vector<std::string> evidence;
  const DmarcCounts& counts = domain.counts;
  evidence.push_back(fmt::format("{} days from {} to {}, {} reports from {}.", domain.days.size(),
                                 date(domain.days.front().day), date(domain.days.back().day),
                                 domain.reports, fmt::join(domain.receivers, ", ")));
  evidence.push_back(fmt::format(
      "{} messages, {} aligned ({}): {} by DKIM, {} by SPF.", counts.messages, counts.aligned,
      in_percent(counts.aligned, counts.messages), counts.by_dkim, counts.by_spf));
  if (counts.failed() > 0)
    evidence.push_back(fmt::format(
        "{} failed: {} from addresses of yours, {} passed on by others, {} "
        "from services in their own name, {} from strangers.",
        counts.failed(), failed.own, failed.forwarder, failed.service, failed.stranger));
  return evidence;
}

void decide(const DmarcDomain& domain, const Failed& failed, DmarcAdvice& advice) {
  const DmarcCounts& counts = domain.counts;
  if (!failed.worst_own.empty()) {
    advice.may_reject = MayReject::no;
    advice.words = fmt::format("No: {} messages from {} are yours and would be refused.",
                               failed.own, failed.worst_own);
  } else if (domain.days.size() < advice_days_min || counts.messages < advice_messages_min) {
    advice.may_reject = MayReject::unknown;
    advice.words = fmt::format(
        "Not known yet: it takes {} days and {} messages at least; there are {} "
        "and {}.",
        advice_days_min, advice_messages_min, domain.days.size(), counts.messages);
  } else if (counts.aligned == 0) {
    advice.may_reject = MayReject::yes;
    advice.words = "Yes, if this domain sends no mail: nothing that is seen of it is yours.";
  } else if (is_more_than_chance(failed.service, counts.messages)) {
    advice.may_reject = MayReject::after_a_look;
    advice.words = fmt::format(
        "After a look: {} messages come from services in their own name ({}). "
        "Where one of them is yours, its mail would be refused.",
        failed.service, failed.worst_service);
  } else if (is_more_than_chance(failed.forwarder, counts.messages)) {
    advice.may_reject = MayReject::after_a_look;
    advice.words = fmt::format(
        "After a look: {} messages of yours were changed by who passed them on, "
        "and may be refused. For mail to mailing lists p=quarantine is milder.",
        failed.forwarder);
  } else {
    advice.may_reject = MayReject::yes;
    advice.words = fmt::format(
        "Yes: what is yours is aligned, and what fails ({} messages) comes from "
        "strangers.",
        counts.failed());
  }
}

}  // namespace

void judge(DmarcSource& source, bool is_ours) {
  source.sender = sender_of(source, is_ours);
  source.remedy = remedy_of(source);
}

DmarcAdvice advise(const DmarcDomain& domain) {
  DmarcAdvice advice;
  if (domain.days.empty()) return advice;
  const Failed failed = failed_of(domain);
  decide(domain, failed, advice);
  if (domain.policy == "reject") advice.words += " p=reject is published already.";
  if (domain.testing) advice.words += " While t=y is published, receivers do less than it says.";
  advice.evidence = evidence_of(domain, failed);
  return advice;
}

}  // namespace waypost::reports
