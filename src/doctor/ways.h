#pragma once

#include <vector>

#include "doctor/rungs.h"
#include "doctor/usual_ports.h"

namespace waypost::doctor {

// Tries several ways to the same address side by side. The answers stand in the order of `ways`.
io::Task<std::vector<Trial>> try_ways(Context& context, std::string host, IpAddress address,
                                      std::vector<UsualPort> ways, Duration patience);

// The usual ports without `port`.
std::vector<UsualPort> other_ports(uint16_t port);

// The ways that work, each as a tested fix, the best first: "port", "starttls", "implicit". The
// first port is {other_port} in the texts.
void add_fixes(Finding& finding, const std::vector<Trial>& trials, uint16_t port_now);

// "465 works; 2525 and 25 do not answer", for a note in the report.
std::string summary_of(const std::vector<Trial>& trials);

}  // namespace waypost::doctor
