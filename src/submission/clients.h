#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/ip_address.h"
#include "base/time.h"
#include "submission/guesses.h"
#include "submission/paces.h"

namespace waypost::submission {

// What counts as one client: an IPv4 address, or the /64 of IPv6, which one customer of a provider
// has for itself.
IpAddress network_of(const IpAddress& client);

// What all listeners of all shards know together of those who connect: a client has one share of
// the relay, whichever loop its connections came to. Thread: any; a call holds a lock for a few
// look-ups.
class Clients {
 public:
  // One connection, counted while this lives.
  class Place {
   public:
    Place(Clients& clients, IpAddress network);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();
    // It is another network's from now on.
    void move_to(const IpAddress& network);

   private:
    void leave_network();

    Clients& clients_;
    IpAddress network_;
  };

  size_t connected() const;
  size_t connected_from(const IpAddress& network) const;

  // Names a session: 13 letters and digits that sort by time. No two are the same, also after a
  // restart unless the clock was set back.
  std::string new_session_id(WallTime now);

  // A connection was refused. Whether that is worth an event: once a minute for each network, since
  // whoever is refused can try thousands of times a second.
  bool is_worth_telling(const IpAddress& network, Instant now);

  // A login was refused. Whether the log takes another line of that: ten a second, and a hundred at
  // once, over all networks; each of them is held back by its guesses already.
  bool failed_login_is_worth_a_line(Instant now);

  // This login begins a message. How long it must wait before it may, if it must: then this one
  // does not count.
  Duration begin_message(const std::string& login, Pace pace, Instant now);

  Guesses guesses;

 private:
  mutable std::mutex mutex_;  // guards all below
  size_t connected_ = 0;
  std::map<IpAddress, size_t> connected_from_;
  uint64_t last_session_ = 0;
  Paces<std::string> messages_of_logins_{100'000};
  Paces<IpAddress> told_{10'000};
  Paces<char> failed_logins_{1};  // of one key: all
};

}  // namespace waypost::submission
