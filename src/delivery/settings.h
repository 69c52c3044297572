#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"

namespace waypost::delivery {

enum class TlsPolicy {
  opportunistic,  // STARTTLS where it is offered; in the clear when its handshake fails (RFC 7435)
  required,       // TLS with a certificate that holds, or no delivery
  never,
};

enum class TlsMode {
  starttls,
  implicit,  // TLS from the first octet (RFC 8314 §3.3)
};

// Who we are to a relay that asks. A login happens only inside TLS with a certificate that holds,
// whatever the policy says.
struct Login {
  std::string name;
  std::string secret_file;         // read at each login, so that a change counts at once
  std::string mechanism = "auto";  // as sasl::ClientLogin has it
};

// A relay that takes the mail of some domains, instead of their own mail hosts.
struct Smarthost {
  std::string id;
  std::vector<std::string> match;  // lower case: a domain, "*." and a suffix, "*" for all
  std::string host;                // a name or an IP address
  uint16_t port = 25;
  TlsPolicy tls = TlsPolicy::opportunistic;
  TlsMode tls_mode = TlsMode::starttls;
  std::optional<Login> login;
};

// In which order the addresses of a host are tried, and which of them at all.
enum class AddressChoice { ipv4_first, ipv6_first, ipv4_only, ipv6_only };

// What becomes of content with 8-bit octets at a host without 8BITMIME (RFC 6152 §3).
enum class EightBitContent { send_as_is, bounce };

enum class Transcripts { off, failures, all };

struct Settings {
  std::string hostname;               // ours, for EHLO
  std::vector<Smarthost> smarthosts;  // the first that matches; where none does: MX
  uint16_t mx_port = 25;
  TlsPolicy tls = TlsPolicy::opportunistic;
  std::optional<IpAddress> source_address;
  AddressChoice addresses = AddressChoice::ipv4_first;
  // Where we listen ourselves: a mail host there is us, and mail must not go round in a circle.
  std::vector<Endpoint> own_endpoints;
  EightBitContent eight_bit_content = EightBitContent::send_as_is;
  Transcripts transcripts = Transcripts::off;
  Duration connect_timeout = std::chrono::seconds(30);
  unsigned addresses_tried_max = 5;  // in one attempt, over all mail hosts
  unsigned connections_max = 1000;   // over all sites, idle ones included
  Duration idle_connection = std::chrono::seconds(10);
  Duration dns_timeout = std::chrono::seconds(10);
};

}  // namespace waypost::delivery
