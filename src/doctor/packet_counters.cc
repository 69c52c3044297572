#include "doctor/packet_counters.h"

#include <algorithm>
#include <charconv>

namespace waypost::doctor {
namespace {

constexpr uint64_t file_octets_max = 64 * 1024;

std::string_view take_until(std::string_view& text, char end) {
  size_t at = std::min(text.find(end), text.size());
  std::string_view part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

// The value named `name` of the group: a line "Group: name name" and, next, "Group: 1 2".
uint64_t value_of(std::string_view text, std::string_view group, std::string_view name) {
  while (!text.empty()) {
    std::string_view names = take_until(text, '\n');
    std::string_view values = take_until(text, '\n');
    if (take_until(names, ' ') != group || take_until(values, ' ') != group) continue;
    while (!names.empty()) {
      std::string_view value = take_until(values, ' ');
      if (take_until(names, ' ') != name) continue;
      uint64_t number = 0;
      std::from_chars(value.data(), value.data() + value.size(), number);
      return number;
    }
  }
  return 0;
}

}  // namespace

PacketCounters parse_packet_counters(std::string_view netstat, std::string_view snmp) {
  PacketCounters counters;
  counters.retransmissions_failed = value_of(netstat, "TcpExt:", "TCPRetransFail");
  uint64_t discarded = value_of(snmp, "Ip:", "OutDiscards");
  uint64_t requests = value_of(snmp, "Ip:", "OutRequests");
  counters.sent = requests - std::min(requests, discarded);
  return counters;
}

PacketCounters read_packet_counters(io::Disk& disk) {
  auto netstat = disk.read_file("/proc/net/netstat", file_octets_max);
  auto snmp = disk.read_file("/proc/net/snmp", file_octets_max);
  return parse_packet_counters(netstat ? *netstat : "", snmp ? *snmp : "");
}

}  // namespace waypost::doctor
