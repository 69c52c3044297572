#include "delivery/socks.h"

#include <array>

#include <fmt/format.h>

#include "base/check.h"

namespace waypost::delivery {
namespace {

using Whose = SocksDialogue::Whose;
using Failure = SocksDialogue::Failure;

constexpr char version = 5;
constexpr char login_version = 1;
constexpr char no_login = 0;
constexpr char by_password = 2;
constexpr char command_connect = 1;
constexpr char reserved = 0;
constexpr size_t word_octets_max = 255;

// How addresses are written (RFC 1928 §5).
constexpr char type_v4 = 1;
constexpr char type_name = 3;
constexpr char type_v6 = 4;
constexpr size_t port_octets = 2;

struct Refusal {
  Whose whose;
  std::string_view words;
};
// RFC 1928 §6. Proxies say "TTL expired" for a connection that timed out.
constexpr std::array<Refusal, 9> refusals{{
    {Whose::path, "success"},
    {Whose::path, "general failure"},
    {Whose::path, "its rules do not allow the connection"},
    {Whose::path, "the network is unreachable"},
    {Whose::destination, "the host is unreachable"},
    {Whose::destination, "the connection was refused"},
    {Whose::destination, "the connection timed out (TTL expired)"},
    {Whose::path, "it cannot connect (command not supported)"},
    {Whose::path, "it does not know this kind of address"},
}};

tl::unexpected<Failure> fail(Whose whose, std::string reason) {
  return tl::unexpected(Failure{whose, std::move(reason)});
}

}  // namespace

SocksDialogue::SocksDialogue(Endpoint destination, std::optional<Login> login)
    : destination_(destination), login_(std::move(login)) {
  output_ = {version, static_cast<char>(login_ ? 2 : 1), no_login};
  if (login_) output_ += by_password;
  expect(State::methods, 2);
}

void SocksDialogue::expect(State state, size_t octets) {
  state_ = state;
  wanted_ = octets;
}

SocksDialogue::Taken SocksDialogue::take(std::string_view octets) {
  CHECK(octets.size() == wanted_ && !done());
  switch (state_) {
    case State::methods:
      return take_method(octets);
    case State::login:
      return take_login(octets);
    case State::reply:
      return take_reply(octets);
    case State::bound_name:
      expect(State::bound_rest, static_cast<unsigned char>(octets[0]) + port_octets);
      return {};
    case State::bound_rest:
    case State::done:
      break;
  }
  expect(State::done, 0);
  return {};
}

SocksDialogue::Taken SocksDialogue::take_method(std::string_view octets) {
  if (octets[0] != version) return fail(Whose::proxy, "it does not speak SOCKS version 5");
  if (octets[1] == by_password && login_) return log_in();
  if (octets[1] == no_login) {
    ask();
    return {};
  }
  return fail(Whose::proxy, login_ ? "it takes no login by name and password"
                                   : "it wants a login, and none is configured");
}

SocksDialogue::Taken SocksDialogue::log_in() {
  const std::string& password = login_->password.reveal();
  for (std::string_view word : {std::string_view(login_->name), std::string_view(password)})
    if (word.empty() || word.size() > word_octets_max)
      return fail(Whose::proxy, "SOCKS takes names and passwords of 1 to 255 octets only");
  // On the heap, where it can be wiped: a short string leaves a copy behind when it moves.
  output_.reserve(64 + login_->name.size() + password.size());
  output_ = {login_version, static_cast<char>(login_->name.size())};
  output_ += login_->name;
  output_ += static_cast<char>(password.size());
  output_ += password;
  expect(State::login, 2);
  return {};
}

SocksDialogue::Taken SocksDialogue::take_login(std::string_view octets) {
  if (octets[0] != login_version) return fail(Whose::proxy, "its answer to the login is no answer");
  if (octets[1] != 0) return fail(Whose::proxy, "it refuses the login");
  ask();
  return {};
}

void SocksDialogue::ask() {
  const IpAddress& address = destination_.address;
  output_ = {version, command_connect, reserved, address.is_v4() ? type_v4 : type_v6};
  output_ += address.octets();
  output_ += static_cast<char>(destination_.port >> 8);
  output_ += static_cast<char>(destination_.port & 0xff);
  expect(State::reply, 4);
}

SocksDialogue::Taken SocksDialogue::take_reply(std::string_view octets) {
  if (octets[0] != version) return fail(Whose::path, "its answer is not SOCKS version 5");
  auto code = static_cast<unsigned char>(octets[1]);
  if (code >= refusals.size()) return fail(Whose::path, fmt::format("it answers {}", code));
  if (code != 0) return fail(refusals[code].whose, std::string(refusals[code].words));
  switch (octets[3]) {
    case type_v4:
      expect(State::bound_rest, 4 + port_octets);
      return {};
    case type_v6:
      expect(State::bound_rest, 16 + port_octets);
      return {};
    case type_name:
      expect(State::bound_name, 1);
      return {};
    default:
      return fail(Whose::path, "its answer holds an unknown kind of address");
  }
}

}  // namespace waypost::delivery
