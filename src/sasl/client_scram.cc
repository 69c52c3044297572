#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "sasl/base64.h"
#include "sasl/client_mechanisms.h"
#include "sasl/scram.h"

namespace waypost::sasl {
namespace {

tl::unexpected<Error> out_of_form(std::string_view what) {
  return failure(ErrorCode::protocol, fmt::format("the server's SCRAM message has no {}", what));
}

struct ServerFirst {
  std::string_view nonce;
  std::string salt;
  unsigned iterations = 0;
};

Result<unsigned> parse_iterations(std::string_view digits) {
  unsigned count = 0;
  const char* const end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, count);
  if (parsed.ec == std::errc::result_out_of_range || count > scram_iterations_max)
    return failure(ErrorCode::protocol,
                   fmt::format("the server asks for more than {} iterations of its hash",
                               scram_iterations_max));
  if (parsed.ec != std::errc() || parsed.ptr != end || count == 0)
    return out_of_form("number of iterations");
  return count;
}

// RFC 5802 §7. An extension that must be understood stands before the nonce, where none is taken;
// others follow, and are ignored.
Result<ServerFirst> parse_server_first(std::string_view message, std::string_view own_nonce) {
  ServerFirst first;
  const auto nonce = take_attribute(message, 'r');
  if (!nonce || nonce->size() <= own_nonce.size() || !nonce->starts_with(own_nonce))
    return out_of_form("nonce that continues ours");
  first.nonce = *nonce;
  const auto salt = take_attribute(message, 's');
  Result<std::string> decoded = base64_decode(salt.value_or(""), challenge_octets_max);
  if (!decoded || decoded->empty()) return out_of_form("salt");
  first.salt = *std::move(decoded);
  const auto iterations = take_attribute(message, 'i');
  TRY(first.iterations, parse_iterations(iterations.value_or("")));
  return first;
}

class ScramClient final : public ClientExchange {
 public:
  ScramClient(std::string_view mechanism, std::string gs2_header, std::string binding,
              Secret password, std::string name, io::Rng& rng)
      : mechanism_(mechanism),
        gs2_header_(std::move(gs2_header)),
        binding_(std::move(binding)),
        password_(std::move(password)),
        nonce_(new_nonce(rng)),
        client_first_bare_("n=" + to_saslname(name) + ",r=" + nonce_) {}

  std::string_view mechanism() const override { return mechanism_; }
  std::optional<Secret> initial_response() override {
    return Secret(gs2_header_ + client_first_bare_);
  }

  Result<Secret> step(std::string_view challenge) override {
    const State state = std::exchange(state_, State::failed);
    if (challenge.size() > challenge_octets_max)
      return failure(ErrorCode::protocol, "the server's login challenge is too long");
    if (state == State::begun) return prove(challenge);
    if (state == State::proved) return check_server(challenge);
    return failure(ErrorCode::protocol, "the server asks on after the end of the login");
  }

  bool server_proved() const override { return state_ == State::done; }

 private:
  enum class State { begun, proved, done, failed };

  Result<Secret> prove(std::string_view server_first) {
    TRY(const ServerFirst first, parse_server_first(server_first, nonce_));
    TRY(const Secret salted, salted_password(password_, first.salt, first.iterations));
    password_ = Secret();
    const Secret client_key(hmac(salted.reveal(), "Client Key"));
    const std::string final_without_proof =
        fmt::format("c={},r={}", base64_encode(gs2_header_ + binding_), first.nonce);
    const std::string auth_message =
        fmt::format("{},{},{}", client_first_bare_, server_first, final_without_proof);
    const std::string signature = hmac(hash(client_key.reveal()), auth_message);
    server_signature_ = hmac(hmac(salted.reveal(), "Server Key"), auth_message);
    state_ = State::proved;
    return Secret(final_without_proof +
                  ",p=" + base64_encode(exclusive_or(client_key.reveal(), signature)));
  }

  Result<Secret> check_server(std::string_view server_final) {
    const auto verifier = take_attribute(server_final, 'v');
    Result<std::string> signature = base64_decode(verifier.value_or(""), scram_key_octets);
    if (!verifier || !signature || !equal_in_constant_time(*signature, server_signature_))
      return failure(ErrorCode::protocol, "the server has not proved that it knows the secret");
    state_ = State::done;
    return Secret();
  }

  std::string_view mechanism_;
  std::string gs2_header_;
  std::string binding_;
  Secret password_;
  std::string nonce_;
  std::string client_first_bare_;
  std::string server_signature_;
  State state_ = State::begun;
};

}  // namespace

Result<std::unique_ptr<ClientExchange>> start_scram_client(std::string_view mechanism,
                                                           ClientLogin login, io::Rng& rng) {
  Result<Secret> name = saslprep(login.name);
  Result<Secret> password = saslprep(login.secret.reveal());
  if (!name || !password || name->empty() || password->empty())
    return failure(ErrorCode::invalid_input,
                   "the login name or the password has a character that SCRAM cannot take");
  std::string header = "n,,";
  std::string binding;
  if (login.binding && mechanism.ends_with("-PLUS")) {
    header = fmt::format("p={},,", name_of(login.binding->type));
    binding = std::move(login.binding->octets);
  } else if (login.binding) {
    header = "y,,";
  }
  return std::unique_ptr<ClientExchange>(
      std::make_unique<ScramClient>(mechanism, std::move(header), std::move(binding),
                                    std::move(login.secret), name->reveal(), rng));
}

}  // namespace waypost::sasl
