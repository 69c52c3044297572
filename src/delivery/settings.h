#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "delivery/source.h"
#include "spool/envelope.h"

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

// Where a relay can be reached as well. TLS with a certificate that holds is required there,
// whatever its policy says: whoever cuts off one port must not choose how mail is protected.
struct FallbackPort {
  uint16_t port = 0;
  TlsMode tls_mode = TlsMode::starttls;
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
  std::string pool;  // of sources; empty: as the stream or all mail has it
  std::vector<FallbackPort> fallback_ports = {};  // in the order in which they are tried
};

// In which order the addresses of a host are tried, and which of them at all.
enum class AddressChoice { ipv4_first, ipv6_first, ipv4_only, ipv6_only };

// What becomes of content with 8-bit octets at a host without 8BITMIME (RFC 6152 §3).
enum class EightBitContent { send_as_is, bounce };

enum class Transcripts { off, failures, all };

// The reverse-path for a transaction with these recipients; none: the sender's own.
using ReversePath = std::function<std::optional<smtp::Mailbox>(
    const spool::Envelope& envelope, std::span<const uint32_t> recipients)>;

struct Settings {
  ReversePath reverse_path;           // empty: the sender's own for all
  std::string hostname;               // ours, for EHLO
  std::vector<Smarthost> smarthosts;  // the first that matches; where none does: MX
  uint16_t mx_port = 25;
  TlsPolicy tls = TlsPolicy::opportunistic;
  std::optional<IpAddress> source_address;  // where no pool is
  std::vector<Source> sources;
  std::vector<SourcePool> pools;
  std::string pool;  // of all mail whose route and stream name none; empty: none
  AddressChoice addresses = AddressChoice::ipv4_first;
  // Where we listen ourselves: a mail host there is us, and mail must not go round in a circle.
  std::vector<Endpoint> own_endpoints;
  EightBitContent eight_bit_content = EightBitContent::send_as_is;
  Transcripts transcripts = Transcripts::off;
  Duration connect_timeout = std::chrono::seconds(30);
  unsigned addresses_tried_max = 5;  // in one attempt, over all mail hosts
  // No mail goes there for what a recipient's domain or its MX records say, or an address literal;
  // smarthosts and proxies may be there.
  std::vector<IpPrefix> forbidden_addresses = {};
  unsigned connections_max = 1000;  // over all sites, idle ones included
  Duration idle_connection = std::chrono::seconds(10);
  Duration dns_timeout = std::chrono::seconds(10);
};

}  // namespace waypost::delivery
