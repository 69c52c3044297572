#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "sasl/base64.h"
#include "sasl/client.h"
#include "sasl/server.h"

using namespace waypost;

// The first octet chooses who is spoken to; the rest are messages, one a line. "@" in one stands
// for what the other side said last, up to its first comma, so that nonces can match.
namespace {

constexpr std::string_view hint = "@";

std::vector<std::string> messages_in(std::string_view octets) {
  std::vector<std::string> messages;
  while (!octets.empty() && messages.size() < 8) {
    const size_t end = std::min(octets.find('\n'), octets.size());
    messages.emplace_back(octets.substr(0, end));
    octets.remove_prefix(std::min(end + 1, octets.size()));
  }
  return messages;
}

std::string filled(std::string message, std::string_view last) {
  if (const size_t at = message.find(hint); at != message.npos)
    message.replace(at, hint.size(), last.substr(0, last.find(',')));
  return message;
}

void attack_server(std::string_view mechanism, const std::vector<std::string>& messages) {
  io::SeededRng rng(1);
  const ChannelBinding binding{ChannelBinding::Type::tls_exporter, "0123456789abcdef"};
  auto exchange = *sasl::start_server(mechanism, {{binding}, rng, "smtp"});
  std::string last;
  for (const std::string& message : messages) {
    sasl::Step step = exchange->step(filled(message, last));
    if (step.kind == sasl::Step::Kind::look_up) {
      CHECK(!step.credentials.login.empty());
      step = exchange->go_on({});
    }
    if (step.kind == sasl::Step::Kind::verify) {
      const bool is_token = step.credentials.is_token;
      CHECK(is_token || !step.credentials.login.empty());
      CHECK(!step.credentials.password.empty());
      step = exchange->finish(false);
      if (is_token) step = exchange->step("");
      CHECK(step.kind == sasl::Step::Kind::refused);
      return;
    }
    // Nobody is let in by a verifier that nothing fits.
    CHECK(step.kind != sasl::Step::Kind::success);
    if (step.kind == sasl::Step::Kind::refused) {
      CHECK(!step.reason.empty());
      return;
    }
    last = step.challenge;
  }
}

void attack_client(const std::string& mechanism, const std::vector<std::string>& challenges) {
  io::SeededRng rng(1);
  auto exchange =
      *sasl::start_client(std::vector<std::string>{mechanism},
                          {"ann", Secret("a-token-as-secret"), mechanism, std::nullopt, true}, rng);
  std::string last;
  if (auto first = exchange->initial_response()) {
    // "r=..." behind "n,,n=ann,".
    const size_t nonce = first->reveal().find("r=");
    if (nonce != std::string::npos) last = first->reveal().substr(nonce);
  }
  for (const std::string& challenge : challenges) {
    const std::string octets = filled(challenge, last);
    // Real work for a real server, not for a fuzzer.
    if (octets.find(",i=") != octets.npos && octets.size() - octets.find(",i=") > 6) return;
    if (!exchange->step(octets)) break;
  }
  if (mechanism.starts_with("SCRAM")) CHECK(!exchange->server_proved());
  CHECK(exchange->server_note().size() <= 256);
  CHECK(exchange->server_note().find("a-token-as-secret") == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> messages = messages_in(octets.substr(1));
  static constexpr std::string_view servers[] = {"PLAIN", "LOGIN", "SCRAM-SHA-256",
                                                 "SCRAM-SHA-256-PLUS"};
  static constexpr std::string_view token_servers[] = {"OAUTHBEARER", "XOAUTH2"};
  static constexpr std::string_view clients[] = {"SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER",
                                                 "CRAM-MD5", "LOGIN"};
  if (data[0] >= 250) {
    attack_server(token_servers[data[0] % 2], messages);
    return 0;
  }
  const unsigned choice = data[0] % 10;
  if (choice < 4) attack_server(servers[choice], messages);
  if (choice >= 4 && choice < 9) attack_client(std::string(clients[choice - 4]), messages);
  if (choice == 9 && size < 4096) {
    const auto decoded = sasl::base64_decode(octets.substr(1), 4096);
    if (decoded) CHECK(sasl::base64_encode(*decoded) == octets.substr(1));
  }
  return 0;
}
