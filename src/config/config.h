#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"

// The typed configuration. Every default stands here; docs/operate/configuration.md explains each
// key, and a test keeps the two equal.
namespace waypost::config {

using base::Duration;

// Where a value was written, so that whatever a limit holds back can name the rule.
struct Origin {
  std::string file;  // empty: nobody wrote it
  unsigned line = 0;

  bool is_built_in() const { return file.empty(); }
  // "waypost.toml:12" or "built-in default".
  std::string text() const;
  bool operator==(const Origin&) const = default;
};

template <class T>
struct Sourced {
  T value{};
  Origin origin;
};

enum class TlsMode {
  starttls,  // plaintext first, then STARTTLS (RFC 3207); logins only inside TLS
  implicit,  // TLS from the first octet (RFC 8314 §3)
  none,      // never TLS, so nobody can log in
};

enum class LoginWithoutTls { never, loopback };

struct Listener {
  base::Endpoint address;  // port 0: the system picks one
  TlsMode tls = TlsMode::starttls;
  // Who may send without a login; empty: nobody. Never all addresses.
  std::vector<base::IpPrefix> trusted_networks;
  // As which domains those may send; empty: as any.
  std::vector<std::string> sender_domains;
  // Whether strangers may bring mail for the domains of [[inbound]].
  bool inbound = false;
  LoginWithoutTls login_without_tls = LoginWithoutTls::never;
  Origin origin;
};

// Mail that is taken from anybody, on the listeners that are open to it.
struct Inbound {
  std::vector<std::string> domains;  // lower case
  // Local parts; "*" is all. Postmaster is always taken (RFC 5321 §4.5.1).
  std::vector<std::string> recipients{"postmaster", "abuse"};
  Origin origin;
};

enum class TlsVersion { v1_2, v1_3 };

// Both paths are empty exactly when no listener offers TLS and none were written.
struct Tls {
  std::string certificate;  // absolute path of a PEM chain
  std::string key;          // absolute path of a PEM private key
  TlsVersion minimum = TlsVersion::v1_2;
  bool operator==(const Tls&) const = default;
};

struct Limits {
  uint64_t message_octets_max = 25ull << 20;
  unsigned recipients_max = 1000;  // a transaction; at least 100 (RFC 5321 §4.5.3.1.8)
  unsigned connections_max = 1000;
  unsigned connections_per_address_max = 250;
  // Silence after which a session is closed (RFC 5321 §4.5.3.2.7).
  Duration session_idle = std::chrono::minutes(5);
  unsigned errors_per_session_max = 20;
  unsigned messages_per_login_per_minute = 0;     // 0: any number
  uint64_t spool_free_octets_min = 512ull << 20;  // below it new mail is refused with a 4yz
  bool operator==(const Limits&) const = default;
};

struct QueueSettings {
  Duration retry_first = std::chrono::minutes(1);
  double retry_factor = 2.0;  // each wait is the last one times this
  Duration retry_max = std::chrono::hours(1);
  double retry_jitter = 0.2;  // fraction of a wait, 0 to 0.5
  Duration expire_after = std::chrono::hours(24 * 5);
  Duration delay_notice_after = std::chrono::hours(4);  // 0: senders are not told of delays
  uint64_t returned_octets_max = 64ull << 10;           // of a message that comes back whole
  bool operator==(const QueueSettings&) const = default;
};

// A relay that takes all mail.
struct NextHop {
  std::string host;  // domain name, or an IP address without brackets
  uint16_t port = 0;
  bool operator==(const NextHop&) const = default;
};

enum class DeliveryTls { opportunistic, required, never };

// When TLS begins on the way to a next hop.
enum class HopTlsMode { starttls, implicit };

// How we log in at a next hop; all or none of `login` and `secret_file` are written.
struct HopLogin {
  std::string login;
  std::string secret_file;  // absolute path
  std::string mechanism = "auto";
  bool operator==(const HopLogin&) const = default;
};

// A next hop for the domains that `match`.
struct RouteRule {
  std::string id;
  std::vector<std::string> match;  // lower case: a domain, "*." and a suffix, or "*" for all
  NextHop next_hop;
  DeliveryTls tls = DeliveryTls::opportunistic;
  HopTlsMode tls_mode = HopTlsMode::starttls;
  HopLogin login;
  Origin origin;
};

// In which order a host's addresses are tried, and which of them at all.
enum class AddressChoice { ipv4_first, ipv6_first, ipv4_only, ipv6_only };
// What becomes of 8-bit content at a host without 8BITMIME.
enum class EightBitContent { send_as_is, bounce };
enum class Transcripts { off, failures, all };

struct DeliverySettings {
  // Takes what no route matches; without: the MX hosts of each recipient's domain.
  std::optional<NextHop> next_hop;
  HopTlsMode tls_mode = HopTlsMode::starttls;  // at next_hop
  HopLogin login;                              // at next_hop
  uint16_t mx_port = 25;
  DeliveryTls tls = DeliveryTls::opportunistic;
  std::optional<base::IpAddress> source_address;
  AddressChoice addresses = AddressChoice::ipv4_first;
  EightBitContent eight_bit_content = EightBitContent::send_as_is;
  Transcripts transcripts = Transcripts::off;
  Duration connect_timeout = std::chrono::seconds(30);
  unsigned mx_hosts_tried_max = 5;  // per attempt
  unsigned connections_max = 0;     // over all sites; 0: as many as open files allow
  Duration idle_connection = std::chrono::seconds(10);
  bool operator==(const DeliverySettings&) const = default;
};

struct SiteLimits {
  Sourced<unsigned> connections{20, {}};
  Sourced<double> messages_per_second{0, {}};  // 0: no limit
  Sourced<unsigned> messages_per_connection{100, {}};
  Sourced<unsigned> recipients_per_message{50, {}};
};

// Limits for the sites that `match`; what the rule leaves out is taken from `site_default`, value
// and origin.
struct SiteRule {
  std::string id;
  // Lower case: a recipient domain or MX host, or "*." and a suffix: every name below it.
  std::vector<std::string> match;
  SiteLimits limits;
  Origin origin;
};

// Mail that other users of this machine leave for `waypost sendmail`.
struct DropSettings {
  std::string group;  // whose members may; empty: the relay's own user alone
  bool operator==(const DropSettings&) const = default;
};

struct HttpSettings {
  std::optional<base::Endpoint> address;  // none: no HTTP
  bool operator==(const HttpSettings&) const = default;
};

struct DnsSettings {
  std::optional<base::Endpoint> resolver;  // without: the system's
  std::vector<std::string> records;        // zone-file lines answered by Waypost itself
  Duration timeout = std::chrono::seconds(10);
  bool operator==(const DnsSettings&) const = default;
};

struct EventSettings {
  uint64_t file_octets_max = 256ull << 20;
  unsigned keep_files = 20;
  Duration keep = std::chrono::hours(24 * 30);
  Duration flush_every = std::chrono::milliseconds(100);
  bool operator==(const EventSettings&) const = default;
};

struct RecordSettings {
  Duration keep = std::chrono::hours(24 * 30);             // 0: there are none
  Duration keep_transcripts = std::chrono::hours(24 * 7);  // 0: none are kept
  bool operator==(const RecordSettings&) const = default;
};

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { text, json };

struct LogSettings {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  bool operator==(const LogSettings&) const = default;
};

struct Config {
  std::string hostname;  // our name in EHLO, Received and the greeting
  std::string data_dir = "/var/lib/waypost";
  std::string rules_dir = "/etc/waypost/rules";  // local rules, over those of the program
  std::vector<Listener> listeners;
  std::vector<Inbound> inbound;
  Tls tls;
  Limits limits;
  QueueSettings queue;
  DeliverySettings delivery;
  SiteLimits site_default;
  std::vector<SiteRule> sites;
  std::vector<RouteRule> routes;
  DnsSettings dns;
  EventSettings events;
  DropSettings drop;
  HttpSettings http;
  RecordSettings records;
  LogSettings log;
};

}  // namespace waypost::config
