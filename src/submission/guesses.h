#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/ip_address.h"
#include "base/time.h"
#include "submission/paces.h"

namespace waypost::submission {

// Slows down those who guess secrets, over all their connections: once it has guessed wrong, a
// network gets one check a second. Guesses that were all under way when the first one failed cost
// it eleven seconds together, not one each, since they must not shut out for long who else is
// behind that address; for ten minutes it gets no second such burst. A login that many networks
// guess at is checked later for those that it never came from, and never refused: nobody can shut
// its owner out.
//
// A name that does not exist counts like one that does. Thread: any.
class Guesses {
 public:
  // A network's leave to have one login checked.
  struct Turn {
    Duration wait{0};       // until it may be checked
    bool refused = false;   // too many of its logins wait already
    bool reserved = false;  // counted as a wrong guess beforehand
  };

  Turn take_turn(const IpAddress& network, Instant now);
  // What else to wait before `login` is checked for that network.
  Duration wait_for(std::string_view login, const IpAddress& network, Instant now);

  // How the turn went; `login` is empty where no name was given. Without one of these the turn was
  // for nothing and is given back.
  void failed(Turn& turn, std::string_view login, const IpAddress& network, Instant now);
  void succeeded(Turn& turn, std::string_view login, const IpAddress& network, Instant now);
  void give_back(Turn& turn, const IpAddress& network);

 private:
  // With the lock held.
  void count_late(const IpAddress& network, Instant now);
  bool is_suspect(const IpAddress& network, Instant now) const;

  using Visit = std::pair<std::string, IpAddress>;  // of a login, from a network

  static constexpr size_t networks_max = 50'000;
  static constexpr size_t logins_max = 10'000;

  std::mutex mutex_;  // guards all below
  Paces<IpAddress> networks_{networks_max};
  Paces<IpAddress> suspects_{networks_max};  // who waits here has lately guessed in a burst
  Paces<std::string> logins_{logins_max};
  Paces<Visit> failures_{logins_max};   // who waits here has lately counted against the login
  Paces<Visit> successes_{logins_max};  // who waits here has lately logged in
};

}  // namespace waypost::submission
