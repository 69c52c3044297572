#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "sasl/base64.h"
#include "sasl/server_mechanisms.h"

namespace waypost::sasl {
namespace {

bool is_nonce(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

// RFC 5802 §5: the client's first message, the server's with salt and nonce, the client's proof,
// the server's signature, and an empty answer to that, since SMTP's 235 cannot carry it (RFC 4954
// §4).
class ScramServer final : public ServerExchange {
 public:
  ScramServer(bool plus, ServerSide side)
      : plus_(plus), bindings_(std::move(side.bindings)), own_nonce_(new_nonce(side.rng)) {}

  Step step(std::optional<std::string_view> client_message) override {
    const State state = std::exchange(state_, State::over);
    CHECK(state == State::begun || state == State::challenged || state == State::proved);
    if (!client_message) {
      state_ = state;
      return challenge("");
    }
    if (client_message->size() > message_octets_max) return refuse("the SCRAM message is too long");
    if (state == State::begun) return take_first(*client_message);
    if (state == State::challenged) return take_final(*client_message);
    if (!client_message->empty()) return refuse("the client goes on after its proof");
    return succeed(std::move(login_));
  }

  Step go_on(ScramVerifier verifier) override {
    CHECK(state_ == State::asking);
    state_ = State::challenged;
    verifier_ = std::move(verifier);
    server_first_ =
        fmt::format("r={},s={},i={}", nonce_, base64_encode(verifier_.salt), verifier_.iterations);
    return challenge(server_first_);
  }

  Step finish(bool) override { CHECK(false); }

 private:
  enum class State { begun, asking, challenged, proved, over };

  Step take_first(std::string_view message) {
    std::string_view rest = message;
    if (auto fault = take_gs2_header(rest); !fault.empty()) return refuse(std::string(fault));
    gs2_header_ = message.substr(0, message.size() - rest.size());
    client_first_bare_ = rest;
    // An extension that must be understood ("m=") would stand before the name.
    const auto name = take_attribute(rest, 'n');
    const auto nonce = take_attribute(rest, 'r');
    if (!name || !nonce || !is_nonce(*nonce)) return refuse("the SCRAM message is malformed");
    std::optional<std::string> login = from_saslname(*name);
    if (!login) return refuse("the login name is not spelt as SCRAM wants it");
    if (auto fault = fault_of_login(*login); !fault.empty()) return refuse(std::string(fault));
    if (!acting_for_.empty() && acting_for_ != *login)
      return refuse("the client asks to act for somebody else");
    login_ = *std::move(login);
    nonce_ = std::string(*nonce) + own_nonce_;
    state_ = State::asking;
    Step step;
    step.kind = Step::Kind::look_up;
    step.credentials.login = login_;
    return step;
  }

  // "p=tls-exporter,a=ann," and the like; what is wrong with it, or "".
  std::string_view take_gs2_header(std::string_view& rest) {
    if (auto type = take_attribute(rest, 'p')) {
      if (!plus_) return "a channel binding came with a mechanism that has none";
      for (const ChannelBinding& binding : bindings_)
        if (name_of(binding.type) == *type) binding_ = binding.octets;
      if (binding_.empty()) return "the client wants a channel binding that is not on offer";
    } else {
      // RFC 5802 §6: who says "y" was told that we have no binding, so somebody changed the list.
      if (rest.starts_with("y,") && !bindings_.empty())
        return "the client did not see the mechanisms that were offered";
      if (plus_ || !(rest.starts_with("y,") || rest.starts_with("n,")))
        return "the channel binding is missing";
      rest.remove_prefix(2);
    }
    if (auto acting_for = take_attribute(rest, 'a')) {
      std::optional<std::string> name = from_saslname(*acting_for);
      if (!name || name->empty()) return "the name to act for is malformed";
      acting_for_ = *std::move(name);
    } else {
      if (!rest.starts_with(',')) return "the SCRAM message is malformed";
      rest.remove_prefix(1);
    }
    return "";
  }

  Step take_final(std::string_view message) {
    const size_t proof_at = message.rfind(",p=");
    if (proof_at == message.npos) return refuse("the SCRAM message has no proof");
    const std::string_view without_proof = message.substr(0, proof_at);
    const Result<std::string> proof = base64_decode(message.substr(proof_at + 3), scram_key_octets);
    std::string_view rest = without_proof;
    const auto bound = take_attribute(rest, 'c');
    const auto nonce = take_attribute(rest, 'r');
    if (!bound || !nonce || !proof || proof->size() != scram_key_octets)
      return refuse("the SCRAM message is malformed");
    if (*nonce != nonce_) return refuse("the client's nonce has changed");
    if (*bound != base64_encode(gs2_header_ + binding_))
      return refuse("the login is bound to another connection");
    const std::string auth_message =
        fmt::format("{},{},{}", client_first_bare_, server_first_, without_proof);
    const std::string client_key = exclusive_or(*proof, hmac(verifier_.stored_key, auth_message));
    if (!equal_in_constant_time(hash(client_key), verifier_.stored_key))
      return refuse("the login name or the password is wrong");
    state_ = State::proved;
    return challenge("v=" + base64_encode(hmac(verifier_.server_key, auth_message)));
  }

  const bool plus_;
  const std::vector<ChannelBinding> bindings_;
  const std::string own_nonce_;
  State state_ = State::begun;
  std::string gs2_header_;
  std::string binding_;
  std::string acting_for_;
  std::string client_first_bare_;
  std::string login_;
  std::string nonce_;
  std::string server_first_;
  ScramVerifier verifier_;
};

}  // namespace

std::unique_ptr<ServerExchange> start_scram_server(bool plus, ServerSide side) {
  return std::make_unique<ScramServer>(plus, std::move(side));
}

}  // namespace waypost::sasl
