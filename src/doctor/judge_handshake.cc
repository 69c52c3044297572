#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "doctor/judgements.h"

namespace waypost::doctor {
namespace {

constexpr std::chrono::seconds patience{6};

// A record of the handshake protocol that is none: a TLS server answers with an alert of 7 octets,
// or hangs up (RFC 8446 §6.2).
constexpr std::string_view bad_handshake{"\x16\x03\x01\x00\x05hello", 10};

// The alert by which the server ended TLS; none where it said none. One that is a warning alone
// ends it where nothing follows it (RFC 6066 §3 has such a one).
std::optional<int> alert_of(const Opening& opening) {
  constexpr size_t octets = 7;
  const std::string& seen = opening.seen;
  if (opening.signs.alert) return opening.signs.alert;
  if (!opening.tls && seen.size() == octets && seen[0] == 0x15 && seen[3] == 0 && seen[4] == 2)
    return static_cast<uint8_t>(seen[6]);
  return {};
}

namespace alerts {
constexpr int close_notify = 0;
constexpr int handshake_failure = 40;
constexpr int illegal_parameter = 47;
constexpr int access_denied = 49;
constexpr int protocol_version = 70;
constexpr int insufficient_security = 71;
constexpr int unrecognized_name = 112;
constexpr int certificate_required = 116;
}  // namespace alerts

// By the registry of IANA.
std::string name_of_alert(int number) {
  static const std::map<int, std::string_view> names{
      {0, "close notify"},
      {10, "unexpected message"},
      {20, "bad record MAC"},
      {21, "decryption failed"},
      {22, "record overflow"},
      {30, "decompression failure"},
      {40, "handshake failure"},
      {41, "no certificate"},
      {42, "bad certificate"},
      {43, "unsupported certificate"},
      {44, "certificate revoked"},
      {45, "certificate expired"},
      {46, "certificate unknown"},
      {47, "illegal parameter"},
      {48, "unknown CA"},
      {49, "access denied"},
      {50, "decode error"},
      {51, "decrypt error"},
      {52, "too many CIDs requested"},
      {60, "export restriction"},
      {70, "protocol version"},
      {71, "insufficient security"},
      {80, "internal error"},
      {86, "inappropriate fallback"},
      {90, "user canceled"},
      {100, "no renegotiation"},
      {109, "missing extension"},
      {110, "unsupported extension"},
      {111, "certificate unobtainable"},
      {112, "unrecognized name"},
      {113, "bad certificate status response"},
      {114, "bad certificate hash value"},
      {115, "unknown PSK identity"},
      {116, "certificate required"},
      {117, "general error"},
      {120, "no application protocol"},
  };
  auto place = names.find(number);
  return place == names.end() ? "no registered name" : std::string(place->second);
}

std::string shown_alert(int number) {
  return fmt::format("TLS alert {}: {}", number, name_of_alert(number));
}

// What servers say to whoever shows no certificate; before TLS 1.3 there was no alert for it.
bool means_certificate(const Opening& opening, int alert) {
  const bool may_be = alert >= alerts::handshake_failure && alert <= alerts::access_denied &&
                      alert != alerts::illegal_parameter;
  return alert == alerts::certificate_required || (opening.signs.asks_certificate && may_be);
}

bool means_parameters(int alert) {
  return alert == alerts::handshake_failure || alert == alerts::illegal_parameter ||
         alert == alerts::insufficient_security;
}

Finding about(const Ground& ground, const Opening& opening, std::string id) {
  Finding finding;
  finding.id = std::move(id);
  finding.parameters = ground.parameters();
  finding.evidence = {opening.evidence};
  finding.observed = opening.error ? opening.error->message() : "";
  return finding;
}

Finding wants_certificate(const Ground& ground, const Opening& opening, std::optional<int> alert) {
  Finding finding = about(ground, opening, "M3010");
  if (alert != alerts::certificate_required) finding.confidence = Confidence::likely;
  finding.parameters["seen"] = alert
                                   ? fmt::format("the alert {}, {}", *alert, name_of_alert(*alert))
                                   : "a closed connection";
  if (alert) finding.observed = shown_alert(*alert);
  return finding;
}

// What an alert says that leaves nothing to look for.
Finding of_alert(const Ground& ground, const Opening& opening, int alert) {
  if (means_certificate(opening, alert)) return wants_certificate(ground, opening, alert);
  const bool about_name = alert == alerts::unrecognized_name;
  Finding finding = about(ground, opening, about_name ? "M3012" : "M3011");
  finding.observed = shown_alert(alert);
  finding.parameters["seen"] = fmt::format("{}, {}", alert, name_of_alert(alert));
  return finding;
}

io::Task<bool> answers_small_handshake(Context& context, const Ground& ground) {
  ++context.effects.connections;
  Instant deadline = context.loop.now() + patience;
  auto connected = co_await context.network.connect(ground.at, {}, deadline);
  if (!connected) co_return false;
  std::unique_ptr<io::Stream> stream = *std::move(connected);
  if (ground.encryption == Encryption::starttls) {
    Conversation conversation(context.loop, context.evidence, std::move(stream));
    auto answer = co_await conversation.read_reply(patience);
    if (answer) answer = co_await conversation.ask("EHLO a.test", patience);
    if (answer) answer = co_await conversation.ask("STARTTLS", patience);
    if (!answer || !answer->positive()) co_return false;
    stream = conversation.take_stream();
  }
  auto written = co_await stream->write(bad_handshake, deadline);
  if (!written) co_return false;
  std::array<char, 64> answer;
  auto got = co_await stream->read(answer, deadline);
  co_return got || got.error().code() == ErrorCode::peer_gone;
}

io::Task<Finding> judge_silence(Context& context, const Ground& ground, const Opening& opening) {
  bool small_passes = co_await answers_small_handshake(context, ground);
  if (!small_passes) {
    Finding finding = about(ground, opening, "M3008");
    finding.parameters["seen"] = "says nothing";
    co_return finding;
  }
  Finding finding = about(ground, opening, "M2012");
  finding.observed = "a small answer to a handshake arrives, the certificate does not";
  finding.parameters["seen"] = finding.observed;
  finding.confidence = Confidence::likely;
  co_return finding;
}

// What is none of TLS in the place of a handshake. Behind a 220 to STARTTLS it is the same server,
// whatever it says.
Finding of_plain_text(const Ground& ground, const Opening& opening) {
  std::string_view protocol = protocol_of(opening.seen);
  const bool behind_yes = ground.encryption == Encryption::starttls;
  const bool smtp = protocol == "SMTP" || behind_yes;
  Finding finding = about(ground, opening, behind_yes ? "M3008" : smtp ? "M3001" : "M2013");
  finding.observed = first_line_of(opening.seen);
  finding.parameters["seen"] = finding.observed;
  if (!smtp) {
    finding.parameters["protocol"] = protocol.empty() ? "something else" : protocol;
    finding.parameters["seen"] =
        fmt::format("{}: {}", finding.parameters["protocol"], finding.observed);
  }
  return finding;
}

// As people call it: "TLS 1.0".
std::string spoken(const std::string& version) {
  if (version == "TLSv1") return "TLS 1.0";
  return version.starts_with("TLSv") ? "TLS " + version.substr(4) : version;
}

bool is_obsolete(const std::string& version) {
  return version == "TLSv1" || version == "TLSv1.1" || version == "SSLv3";
}

std::string agreed(const std::string& version, const std::string& cipher) {
  return fmt::format("asked again with old versions and ciphers, the server agrees to {} with {}",
                     spoken(version), cipher);
}

// `version` and `cipher` are what a second handshake with everything that is out of use came to.
Finding too_old(const Ground& ground, const Opening& opening, const std::string& version,
                const std::string& cipher) {
  Finding finding = about(ground, opening, "M3006");
  finding.parameters["seen"] = version.empty() ? "something older than TLS 1.2" : spoken(version);
  finding.observed =
      version.empty() ? shown_alert(alerts::protocol_version) : agreed(version, cipher);
  if (version.empty()) finding.confidence = Confidence::likely;
  return finding;
}

Finding nothing_in_common(const Ground& ground, const Opening& opening, std::optional<int> alert,
                          const std::string& version, const std::string& cipher) {
  Finding finding = about(ground, opening, "M3007");
  finding.parameters["seen"] =
      alert ? fmt::format("the alert {}, {}", *alert, name_of_alert(*alert)) : "no alert";
  if (!version.empty()) {
    finding.observed = agreed(version, cipher);
  } else if (alert) {
    // Servers say it of much else, too.
    finding.confidence = Confidence::likely;
    finding.observed = shown_alert(*alert);
  }
  return finding;
}

}  // namespace

std::optional<Finding> judge_tls_end(const Ground& ground, const Opening& opening) {
  if (!opening.tls || !opening.error) return {};
  if (auto alert = alert_of(opening)) return of_alert(ground, opening, *alert);
  // The alert is lost where our words crossed it. Who has greeted inside TLS has been content.
  const bool at_once = opening.step != Opening::Step::hello;
  const bool ended = opening.error->code() == ErrorCode::peer_gone;
  if (opening.signs.asks_certificate && at_once && ended)
    return wants_certificate(ground, opening, {});
  return {};
}

std::optional<Finding> judge_cipher(const Ground& ground, const Opening& opening) {
  constexpr std::string_view fresh_keys[] = {"TLS_", "ECDHE-", "DHE-"};
  const std::string& cipher = opening.tls->cipher;
  const bool has_them =
      std::any_of(std::begin(fresh_keys), std::end(fresh_keys),
                  [&cipher](std::string_view start) { return cipher.starts_with(start); });
  if (has_them) return {};
  Finding finding = about(ground, opening, "M3013");
  finding.severity = Severity::warning;
  finding.parameters["seen"] = cipher;
  finding.observed = fmt::format("{} with {}", spoken(opening.tls->version), cipher);
  return finding;
}

io::Task<Finding> judge_handshake(Context& context, const Ground& ground, const Opening& opening) {
  bool plain = !opening.seen.empty() && protocol_of(opening.seen) != "TLS";
  if (plain) co_return of_plain_text(ground, opening);
  bool silent = opening.error && opening.error->code() == ErrorCode::timed_out;
  if (silent) co_return co_await judge_silence(context, ground, opening);
  const std::optional<int> alert = alert_of(opening);
  if (alert && (means_certificate(opening, *alert) || *alert == alerts::unrecognized_name))
    co_return of_alert(ground, opening, *alert);
  std::string version, cipher;
  if (context.obsolete_tls) {
    DoorKey key{ground.host, ground.at, ground.encryption, {}};
    key.tls = context.obsolete_tls;
    key.connect_patience = key.greeting_patience = key.reply_patience = key.handshake_patience =
        patience;
    Opening again = co_await open_door(context, std::move(key), nullptr);
    if (again.tls) {
      version = again.tls->version;
      cipher = again.tls->cipher;
    }
    co_await close_door(again);
  }
  if (is_obsolete(version) || (version.empty() && alert == alerts::protocol_version))
    co_return too_old(ground, opening, version, cipher);
  if (!version.empty() || (alert && means_parameters(*alert)))
    co_return nothing_in_common(ground, opening, alert, version, cipher);
  if (alert && alert != alerts::close_notify) co_return of_alert(ground, opening, *alert);
  Finding finding = about(ground, opening, "M3008");
  finding.parameters["seen"] = alert ? "ends TLS" : "hangs up";
  co_return finding;
}

}  // namespace waypost::doctor
