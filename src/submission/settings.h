#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "smtp/limits.h"
#include "submission/permissions.h"

namespace waypost::submission {

enum class TlsMode {
  starttls,  // RFC 3207, offered when there is a certificate
  implicit,  // RFC 8314 §3.3, from the first octet
  none,
};

// What an operator can set. The limits of a single message are intake::Limits.
struct Settings {
  std::string hostname;
  // Who may send without a login.
  std::vector<IpPrefix> trusted_networks;
  // As whom they may send; none: as anybody.
  std::optional<intake::DomainPatterns> trusted_sender_domains;
  // What strangers may bring; empty: nothing.
  std::vector<Inbound> inbound;
  std::optional<LocalMailboxes> local;
  bool strangers_to_local = false;  // may bring mail for them

  // Whose connections begin with a PROXY header, without exception; nobody else may then connect.
  // Empty: nobody's.
  std::vector<IpPrefix> proxies;
  Duration proxy_header_timeout = std::chrono::seconds(5);
  // Who may say by XCLIENT for whom it speaks.
  std::vector<IpPrefix> xclient_networks;

  // Over all listeners.
  size_t connections_max = 10'000;
  size_t connections_per_address_max = 100;  // an IPv6 client counts by its /64

  // For one command to come in whole, for our replies to be taken, and for the next piece of
  // content (RFC 5321 §4.5.3.2.7).
  Duration command_timeout = smtp::server_timeout;
  Duration handshake_timeout = std::chrono::seconds(30);
  // Content may take command_timeout, and longer only as long as it comes this fast on average.
  uint64_t data_octets_per_second_min = 500;

  // How many messages each login may send, with as many at once; 0: any number.
  unsigned messages_per_login_per_minute = 0;

  unsigned errors_per_session_max = 20;
  // NOOP, RSET, HELP, VRFY, EHLO between two messages; each one more counts as an error.
  unsigned idle_commands_max = 100;
  // What a client waits once half of its errors are used up, for each further one.
  Duration error_delay = std::chrono::seconds(1);

  // Whether a client on this host may log in outside TLS: nobody reads along there.
  bool login_without_tls_on_loopback = false;
  unsigned login_failures_max = 5;
  // After the first failed login; twice as long after each further one.
  Duration login_failure_delay = std::chrono::seconds(1);
};

}  // namespace waypost::submission
