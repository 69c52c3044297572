#include <array>

#include <fmt/format.h>

#include "doctor/judgements.h"

namespace waypost::doctor {
namespace {

constexpr std::chrono::seconds patience{6};

// A record of the handshake protocol that is none: a TLS server answers with an alert of 7 octets,
// or hangs up (RFC 8446 §6.2).
constexpr std::string_view bad_handshake{"\x16\x03\x01\x00\x05hello", 10};

struct Alert {
  int number = -1;

  explicit Alert(std::string_view opening) {
    constexpr size_t octets = 7;
    if (opening.size() >= octets && opening[0] == 0x15 && opening[3] == 0 && opening[4] == 2)
      number = static_cast<uint8_t>(opening[6]);
  }
  bool told() const { return number >= 0; }
};

std::string_view name_of_alert(int number) {
  switch (number) {
    case 40:
      return "handshake failure";
    case 47:
      return "illegal parameter";
    case 70:
      return "protocol version";
    case 71:
      return "insufficient security";
    case 80:
      return "internal error";
    case 112:
      return "unrecognized name";
    default:
      return "an alert";
  }
}

Finding about(const Ground& ground, const Opening& opening, std::string id) {
  Finding finding;
  finding.id = std::move(id);
  finding.parameters = ground.parameters();
  finding.evidence = {opening.evidence};
  finding.observed = opening.error ? opening.error->message() : "";
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

}  // namespace

io::Task<Finding> judge_handshake(Context& context, const Ground& ground, const Opening& opening) {
  bool plain = !opening.seen.empty() && protocol_of(opening.seen) != "TLS";
  if (plain) co_return of_plain_text(ground, opening);
  bool silent = opening.error && opening.error->code() == ErrorCode::timed_out;
  if (silent) co_return co_await judge_silence(context, ground, opening);
  Alert alert(opening.seen);
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
  bool too_old = is_obsolete(version) || (version.empty() && alert.number == 70);
  Finding finding = about(ground, opening,
                          too_old                            ? "M3006"
                          : alert.told() || !version.empty() ? "M3007"
                                                             : "M3008");
  finding.parameters["seen"] = "hangs up";
  if (!version.empty()) {
    finding.parameters["seen"] = spoken(version);
    finding.observed = fmt::format("the server agrees to {} with {} and to nothing better",
                                   spoken(version), cipher);
  } else if (alert.told()) {
    finding.observed = fmt::format("TLS alert {}: {}", alert.number, name_of_alert(alert.number));
    finding.parameters["seen"] = name_of_alert(alert.number);
  }
  if (finding.id == "M3007" && alert.told())
    finding.parameters["seen"] = name_of_alert(alert.number);
  if (finding.id == "M3006" && version.empty()) finding.confidence = Confidence::likely;
  co_return finding;
}

}  // namespace waypost::doctor
