#include "bounces/judge.h"

namespace waypost::bounces {
namespace {

using classify::Disposition;
using classify::Reading;

void forget_evidence(Reading& reading) {
  reading.evidence_text = {};
  reading.evidence_start = 0;
  reading.evidence_end = 0;
}

Disposition disposition_of(const Recipient& recipient) {
  if (recipient.status.starts_with('4')) return Disposition::transient;
  if (recipient.status.starts_with('5')) return Disposition::permanent;
  return Disposition::not_stated;
}

}  // namespace

bool was_refused(const Recipient& recipient) {
  using message::ReportedAction;
  return recipient.action != ReportedAction::delivered &&
         recipient.action != ReportedAction::relayed &&
         recipient.action != ReportedAction::expanded;
}

Reading judge(const Recipient& recipient, classify::Reader& reader, std::string_view own_domain) {
  const std::string& text = recipient.says.empty() ? recipient.reply : recipient.says;
  const std::string& who = recipient.remote_mta.empty() ? recipient.provider : recipient.remote_mta;
  Reading reading = reader.read({text, who, {}, {}, own_domain});
  bool is_decided = reading.rule != nullptr;
  bool adds_code = !recipient.status.empty() && reading.enhanced_code.empty();
  if (!is_decided && adds_code) {
    const std::string with_code = recipient.status + " " + text;
    reading = reader.read({with_code, who, {}, {}, own_domain});
    forget_evidence(reading);
  } else if (!recipient.says.empty()) {
    forget_evidence(reading);
  }
  if (reading.disposition == Disposition::not_stated)
    reading.disposition = disposition_of(recipient);
  return reading;
}

}  // namespace waypost::bounces
