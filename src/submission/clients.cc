#include "submission/clients.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace waypost::submission {
namespace {

constexpr Pace one_event_a_minute{std::chrono::minutes(1), 1};
constexpr Pace lines_of_failed_logins{std::chrono::milliseconds(100), 100};

// 64 bits as digits that keep the order.
std::string base32(uint64_t number) {
  constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  constexpr size_t digits = 13;
  std::string text(digits, '0');
  for (size_t at = digits; at-- > 0; number >>= 5) text[at] = alphabet[number & 31];
  return text;
}

}  // namespace

IpAddress network_of(const IpAddress& client) {
  if (client.is_v4()) return client;
  constexpr size_t network_octets = 8;
  std::array<uint8_t, 16> octets{};
  std::copy_n(client.octets().begin(), network_octets, octets.begin());
  return IpAddress::v6(octets);
}

Clients::Place::Place(Clients& clients, IpAddress network) : clients_(clients), network_(network) {
  std::lock_guard lock(clients_.mutex_);
  ++clients_.connected_;
  ++clients_.connected_from_[network_];
}

Clients::Place::~Place() {
  std::lock_guard lock(clients_.mutex_);
  --clients_.connected_;
  leave_network();
}

// With the lock held.
void Clients::Place::leave_network() {
  const auto count = clients_.connected_from_.find(network_);
  if (--count->second == 0) clients_.connected_from_.erase(count);
}

void Clients::Place::move_to(const IpAddress& network) {
  std::lock_guard lock(clients_.mutex_);
  leave_network();
  network_ = network;
  ++clients_.connected_from_[network_];
}

size_t Clients::connected() const {
  std::lock_guard lock(mutex_);
  return connected_;
}

size_t Clients::connected_from(const IpAddress& network) const {
  std::lock_guard lock(mutex_);
  const auto count = connected_from_.find(network);
  return count == connected_from_.end() ? 0 : count->second;
}

// Microseconds, and 12 bits for those of the same one: enough until the year 2112.
std::string Clients::new_session_id(WallTime now) {
  const auto microseconds = uint64_t(now.time_since_epoch().count());
  std::lock_guard lock(mutex_);
  last_session_ = std::max(last_session_ + 1, microseconds << 12);
  return base32(last_session_);
}

bool Clients::is_worth_telling(const IpAddress& network, Instant now) {
  std::lock_guard lock(mutex_);
  if (told_.wait(network, one_event_a_minute, now) > Duration(0)) return false;
  told_.use(network, one_event_a_minute, now);
  return true;
}

bool Clients::failed_login_is_worth_a_line(Instant now) {
  std::lock_guard lock(mutex_);
  if (failed_logins_.wait({}, lines_of_failed_logins, now) > Duration(0)) return false;
  failed_logins_.use({}, lines_of_failed_logins, now);
  return true;
}

Duration Clients::begin_message(const std::string& login, Pace pace, Instant now) {
  std::lock_guard lock(mutex_);
  const Duration wait = messages_of_logins_.wait(login, pace, now);
  if (wait == Duration(0)) messages_of_logins_.use(login, pace, now);
  return wait;
}

}  // namespace waypost::submission
