#pragma once

#include <cstdint>
#include <string_view>

#include "io/disk.h"

namespace waypost::doctor {

// The kernel's counters for this network namespace that tell whether a packet that nobody answers
// left this machine at all. They count for every program, so what they show is likely, not certain.
struct PacketCounters {
  uint64_t retransmissions_failed = 0;  // TcpExt TCPRetransFail: refused on the way out
  uint64_t sent = 0;                    // Ip OutRequests, less what was discarded on the way out

  // Between `before` and this: our own machine drops what it is to send.
  bool dropped_here_since(const PacketCounters& before) const {
    return retransmissions_failed > before.retransmissions_failed;
  }
};

// `netstat` and `snmp` are the texts of /proc/net/netstat and /proc/net/snmp: pairs of lines, names
// and values. What is missing stays 0.
PacketCounters parse_packet_counters(std::string_view netstat, std::string_view snmp);
PacketCounters read_packet_counters(io::Disk& disk);

}  // namespace waypost::doctor
