#pragma once

#include "reports/dmarc_summary.h"

namespace waypost::reports {

// Fewer say nothing about what else sends.
inline constexpr size_t advice_days_min = 14;
inline constexpr uint64_t advice_messages_min = 100;

// Sets who it seems to be, and what to do about it.
void judge(DmarcSource& source, bool is_ours);

// Whether the domain may ask receivers to refuse what fails, from sources that are judged.
DmarcAdvice advise(const DmarcDomain& domain);

}  // namespace waypost::reports
