#pragma once

#include <string>
#include <vector>

#include "doctor/rungs.h"

// What a domain demands of those who bring it mail, and whether its mail host lives up to it: DANE
// (RFC 7672) and MTA-STS (RFC 8461). Both are optional, and many senders check neither: a finding
// says who does.
namespace waypost::doctor {

// What was learnt of one of them.
struct Demand {
  std::string fact;  // one line for programs: "not published", "fits: 3 1 1 ..."
  std::vector<Finding> findings = {};
  std::string line = {};    // for the rung, where there is a finding that is no note
  std::string remark = {};  // a sentence for people, where something is published and all is well
};

// For a mail exchanger that `ground` has reached. Each waits for some seconds at most.
io::Task<void> look_at_dane(Context& context, const Request& request, const Ground& ground,
                            Demand& demand);
io::Task<void> look_at_sts(Context& context, const Request& request, const Ground& ground,
                           Demand& demand);

// Both, side by side; `tls` is the rung that gets what they find.
io::Task<void> judge_demands(Context& context, const Request& request, const Ground& ground,
                             RungResult& tls);

// A finding about the ground's host and domain, with the last line of evidence. It is an error of
// whoever owns the domain; who asks for a recipient of somebody else's is told in a note whether it
// concerns them, and warned only.
Finding unmet_demand(std::string id, const Context& context, const Request& request,
                     const Ground& ground);

}  // namespace waypost::doctor
