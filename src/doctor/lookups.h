#pragma once

#include "dns/resolver.h"
#include "doctor/evidence.h"
#include "io/loop.h"

namespace waypost::doctor {

// What a check works with that only asks the name system. All of it outlives the check.
struct Lookups {
  io::Loop& loop;
  dns::Resolver& resolver;
  EvidenceLog& evidence;
};

}  // namespace waypost::doctor
