#pragma once

#include <optional>

#include "doctor/rungs.h"
#include "smtp/attempt_phase.h"

namespace waypost::doctor {

// What the words of a no say that came in the greeting or to EHLO, before anything else was said:
// that this machine's address is on a list (M5009) or lacks a reverse name that fits (M5010), that
// its name is not liked (M2019), that TLS is wanted first (M5012) or not seen (M4027), that the
// server is ill itself (M5019), or that nobody is talked to, by some policy (M2015). A no for now
// is M2018, but for what no wait mends. `phase` is greeting or hello. Its evidence is not set.
// Pure.
Finding judge_door_refusal(const Ground& ground, const Opening& opening, smtp::AttemptPhase phase);

}  // namespace waypost::doctor
