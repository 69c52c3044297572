#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/http_url.h"
#include "base/ip_address.h"
#include "base/networks.h"
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
  // Of a socket that systemd opens: "smtp" of "systemd:smtp"; empty: we open `address`.
  std::string socket_name;
  TlsMode tls = TlsMode::starttls;
  // Who may send without a login; empty: nobody. Never all addresses.
  std::vector<base::IpPrefix> trusted_networks;
  // As which domains those may send; empty: as any.
  std::vector<std::string> sender_domains;
  // Whether strangers may bring mail for the domains of [[inbound]].
  bool inbound = false;
  LoginWithoutTls login_without_tls = LoginWithoutTls::never;
  // Whose connections begin with a PROXY header; nobody else may then connect. Empty: nobody's.
  std::vector<base::IpPrefix> proxy_protocol_from;
  // Who may say by XCLIENT for whom it speaks.
  std::vector<base::IpPrefix> xclient_from;
  Origin origin;
};

// Mail that is taken from anybody, on the listeners that are open to it.
struct Inbound {
  std::vector<std::string> domains;  // lower case
  // Local parts; "*" is all. Postmaster is always taken (RFC 5321 §4.5.1).
  std::vector<std::string> recipients{"postmaster", "abuse"};
  Origin origin;

  // Wherever it was written.
  bool operator==(const Inbound& other) const {
    return domains == other.domains && recipients == other.recipients;
  }
};

// A domain that is there for what comes back: bounces, complaints, unsubscriptions.
struct ReturnPathRule {
  std::string domain;                       // lower case
  std::vector<std::string> sender_domains;  // whose mail it is for; empty: all others'
  std::vector<std::string> complaints{"abuse"};
  std::vector<std::string> unsubscribe;                 // local parts, lower case
  std::vector<std::string> reports{"dmarc", "tlsrpt"};  // local parts, lower case
  std::vector<std::string> unsubscribe_streams;         // whose mail gets a List-Unsubscribe
  std::string forward_to;                               // an address; gets what is for no program
  Origin origin;

  // Wherever it was written.
  bool operator==(const ReturnPathRule& other) const {
    return domain == other.domain && sender_domains == other.sender_domains &&
           complaints == other.complaints && unsubscribe == other.unsubscribe &&
           reports == other.reports && unsubscribe_streams == other.unsubscribe_streams &&
           forward_to == other.forward_to;
  }
};

enum class TlsVersion { v1_2, v1_3 };

// Both paths are empty exactly when no listener offers TLS and none were written.
struct Tls {
  std::string certificate;  // absolute path of a PEM chain
  std::string key;          // absolute path of a PEM private key
  TlsVersion minimum = TlsVersion::v1_2;
  bool operator==(const Tls&) const = default;
};

// Logins with tokens: there are some exactly when `keys_file` or `introspection_url` is there,
// never both.
struct Oauth {
  std::string issuer;
  std::vector<std::string> audiences;
  std::string keys_file;  // absolute path of a JSON Web Key Set
  // Where their issuer is asked, as whom; https, or a loopback address.
  std::optional<base::HttpUrl> introspection_url;
  std::string client_id;
  std::string client_secret_file;  // absolute path
  Duration introspection_cache = std::chrono::minutes(1);
  std::string scope;  // empty: none is asked for
  std::string login_claim = "email";
  std::string domains_claim;  // empty: a login sends as its own domain
  Duration clock_skew = std::chrono::seconds(60);
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

enum class ProxyScheme { socks5, proxy2 };

struct ProxyAt {
  ProxyScheme scheme = ProxyScheme::socks5;
  NextHop at;
  bool operator==(const ProxyAt&) const = default;
};

// Where mail leaves from: addresses, the name that belongs to them, perhaps a proxy.
struct SourceRule {
  std::string id;
  std::vector<base::IpAddress> addresses;  // one of each family at most
  std::string helo;                        // empty: `hostname`
  std::optional<ProxyAt> proxy;
  std::string proxy_login;        // SOCKS 5 only; both or none of these two are written
  std::string proxy_secret_file;  // absolute path
  Origin origin;
};

struct PoolShare {
  std::string source;  // id
  unsigned weight = 1;
};

// Sources that share mail by their weights.
struct PoolRule {
  std::string id;
  std::vector<PoolShare> sources;
  std::vector<std::string> streams;
  Origin origin;
};

// Where a next hop can be reached as well.
struct FallbackPort {
  uint16_t port = 0;
  HopTlsMode tls_mode = HopTlsMode::starttls;
  bool operator==(const FallbackPort&) const = default;
};

// How we log in at a next hop; all or none of `login` and `secret_file` are written.
struct HopLogin {
  std::string login;
  std::string secret_file;  // absolute path
  std::string mechanism = "auto";
  bool operator==(const HopLogin&) const = default;
};

// What the account at a next hop allows, as its provider states it; 0: not stated.
struct AccountCaps {
  Sourced<unsigned> connections{0, {}};
  Sourced<unsigned> messages_per_hour{0, {}};
  Sourced<unsigned> messages_per_day{0, {}};
};

// A next hop for the domains that `match`.
struct RouteRule {
  std::string id;
  std::vector<std::string> match;  // lower case: a domain, "*." and a suffix, or "*" for all
  NextHop next_hop;
  DeliveryTls tls = DeliveryTls::opportunistic;
  HopTlsMode tls_mode = HopTlsMode::starttls;
  std::vector<FallbackPort> fallback_ports;  // in the order in which they are tried
  HopLogin login;
  AccountCaps caps;
  std::string pool;  // empty: as the stream or [delivery] has it
  Origin origin;
};

// In which order a host's addresses are tried, and which of them at all.
enum class AddressChoice { ipv4_first, ipv6_first, ipv4_only, ipv6_only };
// What becomes of 8-bit content at a host without 8BITMIME.
enum class EightBitContent { send_as_is, bounce };
enum class Transcripts { off, failures, all };

// Of the machine and the link themselves, and of nobody: unspecified, loopback, link-local,
// multicast and reserved ones (RFC 6890).
std::vector<base::IpPrefix> inner_addresses();

struct DeliverySettings {
  // Takes what no route matches; without: the MX hosts of each recipient's domain.
  std::optional<NextHop> next_hop;
  HopTlsMode tls_mode = HopTlsMode::starttls;  // at next_hop
  std::vector<FallbackPort> fallback_ports;    // of next_hop
  HopLogin login;                              // at next_hop
  uint16_t mx_port = 25;
  DeliveryTls tls = DeliveryTls::opportunistic;
  std::optional<base::IpAddress> source_address;
  std::string pool;  // empty: none
  AddressChoice addresses = AddressChoice::ipv4_first;
  EightBitContent eight_bit_content = EightBitContent::send_as_is;
  Transcripts transcripts = Transcripts::off;
  Duration connect_timeout = std::chrono::seconds(30);
  unsigned mx_hosts_tried_max = 5;  // per attempt
  // Where no mail goes because a recipient's domain leads there; what is configured may.
  std::vector<base::IpPrefix> forbidden_addresses = inner_addresses();
  unsigned connections_max = 0;  // over all sites; 0: as many as open files allow
  Duration idle_connection = std::chrono::seconds(10);
  bool operator==(const DeliverySettings&) const = default;
};

// Of the counts over time, 0 is no limit.
struct SiteLimits {
  Sourced<unsigned> connections{20, {}};
  Sourced<unsigned> connections_per_minute{0, {}};
  Sourced<double> messages_per_second{0, {}};
  Sourced<unsigned> messages_per_hour{0, {}};
  Sourced<unsigned> messages_per_day{0, {}};
  Sourced<unsigned> messages_per_connection{100, {}};
  Sourced<unsigned> recipients_per_message{50, {}};
};

// Limits for the sites that `match`. What the rule leaves out has a built-in origin, and is what is
// known of the site, or `site_default`.
struct SiteRule {
  std::string id;
  // Lower case: a recipient domain or MX host, or "*." and a suffix: every name below it. Empty:
  // those of the known site with this id.
  std::vector<std::string> match;
  SiteLimits limits;
  Origin origin;
};

// Mail of one stream: its part of each site, and how long it lives.
struct StreamRule {
  std::string id;                        // the name of the stream
  double share = 0;                      // 0: it has no lane of its own
  double reserve = 0;                    // of each site's pace and connections
  std::optional<Duration> expire_after;  // a deadline
  Origin origin;
};

// Mail that other users of this machine leave for `waypost sendmail`.
struct DropSettings {
  std::string group;  // whose members may; empty: the relay's own user alone
  bool operator==(const DropSettings&) const = default;
};

// All addresses that never leave a machine.
std::vector<base::IpPrefix> own_machine();

struct HttpSettings {
  std::optional<base::Endpoint> address;  // none: no HTTP
  // By which browsers know it, besides `hostname`; in lower case.
  std::vector<std::string> hostnames;
  bool behind_tls = false;                              // all come through a proxy with TLS
  std::vector<base::IpPrefix> proxies = own_machine();  // whose word on the client counts
  bool operator==(const HttpSettings& other) const = default;
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
  Duration keep_reports = std::chrono::hours(24 * 400);    // those of DMARC, after their end
  bool subjects = true;                                    // in the events, too
  bool operator==(const RecordSettings&) const = default;
};

// What becomes of mail to an address of the list of those that are not written to.
enum class SuppressionMode {
  refuse,             // whoever sends it is told at RCPT
  accept_and_record,  // it is taken, not sent, and the sender gets a notice
  off,                // it is sent
};

struct SuppressionSettings {
  SuppressionMode mode = SuppressionMode::accept_and_record;
  bool operator==(const SuppressionSettings&) const = default;
};

// What becomes of mail that is not signed, or not by the domain in its From field.
enum class UnsignedMail { accept, warn, hold, refuse };

struct SigningSettings {
  std::vector<std::string> domains;  // of those that have keys; empty: all
  UnsignedMail unsigned_mail = UnsignedMail::warn;
  UnsignedMail unaligned_mail = UnsignedMail::warn;
};

// A DKIM key that another program made, where it stands.
struct SigningKeyRule {
  std::string domain;  // lower case
  std::string selector;
  std::string file;  // absolute path
  Origin origin;
};

// Whether sites that mail cannot reach are looked at as `waypost doctor` does.
struct DiagnosisSettings {
  bool enabled = true;
  bool operator==(const DiagnosisSettings&) const = default;
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
  unsigned loops = 0;                            // that share the work; 0: one for each core
  std::vector<Listener> listeners;
  std::vector<Inbound> inbound;
  std::vector<ReturnPathRule> return_paths;
  Tls tls;
  Oauth oauth;
  Limits limits;
  QueueSettings queue;
  DeliverySettings delivery;
  SiteLimits site_default;
  std::vector<SiteRule> sites;
  std::vector<RouteRule> routes;
  std::vector<SourceRule> sources;
  std::vector<PoolRule> pools;
  std::vector<StreamRule> streams;
  DnsSettings dns;
  EventSettings events;
  DropSettings drop;
  HttpSettings http;
  RecordSettings records;
  SuppressionSettings suppressions;
  SigningSettings signing;
  std::vector<SigningKeyRule> signing_keys;
  DiagnosisSettings diagnosis;
  LogSettings log;
};

}  // namespace waypost::config
