#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include "base/ip_address.h"
#include "base/secret.h"

namespace waypost::delivery {

// The client's side of SOCKS version 5 (RFC 1928), with its login by name and password (RFC 1929),
// as a value: what to send, how many octets to read then, and what they mean. Pure.
//
//   while (!dialogue.done()) { send(dialogue.take_output()); dialogue.take(read(wanted())); }
//
// Nothing is read beyond the proxy's reply: what follows is the host's.
class SocksDialogue {
 public:
  struct Login {
    std::string name;
    Secret password;
  };
  // Whose failure it is, as the proxy has it.
  enum class Whose {
    proxy,        // before it was asked for anything: it speaks another protocol, or refuses us
    path,         // it was asked, and would not or could not
    destination,  // the host refused the connection, or cannot be reached
  };
  struct Failure {
    Whose whose;
    std::string reason;
  };

  // Name and password of 1 to 255 octets each; other ones fail once the proxy asks for them.
  SocksDialogue(Endpoint destination, std::optional<Login> login);

  // To be sent now; may hold a password, so whoever sent it wipes it. Empty after the first call.
  std::string take_output() { return std::exchange(output_, {}); }
  // How many octets take() wants, at least one until all is done.
  size_t wanted() const { return wanted_; }
  // Exactly as many as were wanted. After a failure the dialogue is over.
  tl::expected<void, Failure> take(std::string_view octets);

  bool done() const { return state_ == State::done; }
  // The destination was named to the proxy: what goes wrong from here on says nothing about whether
  // the proxy works.
  bool asked() const { return state_ > State::login; }

 private:
  enum class State { methods, login, reply, bound_name, bound_rest, done };
  using Taken = tl::expected<void, Failure>;
  Taken take_method(std::string_view octets);
  Taken take_login(std::string_view octets);
  Taken take_reply(std::string_view octets);
  Taken log_in();
  void ask();
  void expect(State state, size_t octets);

  Endpoint destination_;
  std::optional<Login> login_;
  State state_ = State::methods;
  std::string output_;
  size_t wanted_;
};

}  // namespace waypost::delivery
