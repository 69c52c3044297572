#include "submission/guesses.h"

#include <algorithm>

namespace waypost::submission {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Pace network_pace{seconds(1), 1};
// More than a handful of logins that wait are no person's doing.
constexpr seconds network_wait_max{10};
constexpr Pace suspect_for{minutes(10), 1};

// Ten networks may be wrong about a login before it is slowed down; after a while each may again.
constexpr Pace login_pace{seconds(10), 10};
constexpr seconds login_wait_max{3};
constexpr Pace failure_counts_once_in{minutes(10), 1};
constexpr Pace success_is_known_for{hours(24 * 30), 1};

// Nobody has a longer name; what is behind that is not worth memory.
constexpr size_t name_octets_max = 64;

std::string name_of(std::string_view login) {
  return std::string(login.substr(0, name_octets_max));
}

}  // namespace

Guesses::Turn Guesses::take_turn(const IpAddress& network, Instant now) {
  std::lock_guard lock(mutex_);
  Turn turn;
  turn.wait = networks_.wait(network, network_pace, now);
  turn.refused = turn.wait > network_wait_max;
  // One that waits counts before it is checked: a client that hangs up meanwhile gains nothing.
  turn.reserved = (turn.wait > Duration(0) || is_suspect(network, now)) && !turn.refused;
  if (turn.reserved) networks_.use(network, network_pace, now);
  return turn;
}

Duration Guesses::wait_for(std::string_view login, const IpAddress& network, Instant now) {
  const Visit visit{name_of(login), network};
  std::lock_guard lock(mutex_);
  const bool is_known = successes_.wait(visit, success_is_known_for, now) > Duration(0);
  if (is_known) return Duration(0);
  return std::min<Duration>(logins_.wait(visit.first, login_pace, now), login_wait_max);
}

void Guesses::failed(Turn& turn, std::string_view login, const IpAddress& network, Instant now) {
  std::lock_guard lock(mutex_);
  if (!std::exchange(turn.reserved, false)) count_late(network, now);
  if (login.empty()) return;
  const Visit visit{name_of(login), network};
  const bool has_counted = failures_.wait(visit, failure_counts_once_in, now) > Duration(0);
  if (has_counted) return;
  failures_.use(visit, failure_counts_once_in, now);
  logins_.use(visit.first, login_pace, now);
}

// It was free when it began. Many that were must not shut out for minutes who else comes from
// there.
void Guesses::count_late(const IpAddress& network, Instant now) {
  if (networks_.wait(network, network_pace, now) <= network_wait_max)
    networks_.use(network, network_pace, now);
  else if (!is_suspect(network, now))
    suspects_.use(network, suspect_for, now);
}

bool Guesses::is_suspect(const IpAddress& network, Instant now) const {
  return suspects_.wait(network, suspect_for, now) > Duration(0);
}

void Guesses::succeeded(Turn& turn, std::string_view login, const IpAddress& network, Instant now) {
  give_back(turn, network);
  const Visit visit{name_of(login), network};
  std::lock_guard lock(mutex_);
  const bool is_known = successes_.wait(visit, success_is_known_for, now) > Duration(0);
  if (!is_known) successes_.use(visit, success_is_known_for, now);
}

void Guesses::give_back(Turn& turn, const IpAddress& network) {
  std::lock_guard lock(mutex_);
  if (std::exchange(turn.reserved, false)) networks_.give_back(network, network_pace);
}

}  // namespace waypost::submission
