#pragma once

#include <string>
#include <vector>

#include "checks/catalogue.h"
#include "doctor/walk.h"

namespace waypost::doctor {

// One way out with its words, ready to be shown.
struct ShownFix {
  const checks::Fix* words = nullptr;  // null: the catalogue has no text for it
  const Fix* tested = nullptr;         // null: nobody tried it
  std::string text;                    // filled
  std::vector<std::string> lines;      // filled
  checks::Pairs hints;                 // filled
};

// What a test worked for comes first, then the catalogue's order. What failed when it was tried,
// and what speaks of something that was not found, is left out.
std::vector<ShownFix> fixes_of(const Finding& finding, const checks::Check& check);

// "DNS, port and network": what the rungs below and the check itself rule out.
std::vector<std::string> ruled_out_by(const Finding& finding, const checks::Check* check);

// "ok", "broken", "half-broken", "unfinished", "temporary".
std::string verdict_word(const Report& report);
// The last line of a report.
std::string verdict_of(const Report& report, const checks::Catalogue& catalogue);
// All findings in the order in which a report tells them: the one that the verdict is about, what
// else stops mail for good or for now, then warnings, then notes; each in the order of the rungs.
std::vector<const Finding*> gravest_first(const Report& report);
// The same of one rung.
std::vector<const Finding*> gravest_first(const RungResult& result);
// "certain"; "warning, likely" for what breaks nothing.
std::string weight_and_confidence(const Finding& finding);

// The finding that the verdict is about; null when there is none.
const Finding* decisive(const Report& report);
bool half_broken(const Report& report);

// "3 connections, no login attempt, nothing sent".
std::string side_effects_of(const Report& report);

}  // namespace waypost::doctor
