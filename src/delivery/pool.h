#pragma once

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "delivery/connection.h"
#include "io/task_group.h"
#include "io/timer.h"

namespace waypost::delivery {

// The connections of each site: how many are open, those that wait for another message, and a limit
// over all of them, so that descriptors never run out. Sites without connections are forgotten.
// Thread: the loop's.
class Pool {
 public:
  struct Limits {
    Duration idle_for;
    unsigned connections_max;  // over all sites; at least 1
  };
  Pool(io::Loop& loop, Limits limits) : loop_(loop), limits_(limits) {}

  // From now on. What is idle was made by other settings: it ends. What is in use may stay over a
  // lower limit.
  void reconfigure(Limits limits);

  // An idle connection with this key, which says what it is good for, or null.
  std::unique_ptr<Connection> take(const std::string& site, const std::string& key);

  // Suspends until one more connection to the site may be opened, and counts it from then on: below
  // `site_connections_max` of the site, and below the limit over all sites, in the order of asking,
  // but urgent ones first. Where that makes room, idle connections are ended, the longest idle
  // first.
  io::Task<void> reserve(std::string site, unsigned site_connections_max, bool urgent = false);
  // The place of a connection that could not be opened.
  void release(const std::string& site);

  void keep(const std::string& site, const std::string& key,
            std::unique_ptr<Connection> connection);
  // Ends a connection that was taken or opened, and releases its place.
  io::Task<void> discard(std::string site, std::unique_ptr<Connection> connection);

  // Ends all idle ones, and waits for those that are ending.
  io::Task<void> stop();

  size_t sites() const { return sites_.size(); }
  // Over all sites, those being opened and idle ones included.
  unsigned open() const { return open_; }
  // Those to this site that wait for another message, whatever they are good for.
  unsigned idle(const std::string& site) const;

 private:
  struct Idle {
    Idle(uint64_t order, std::string its_key, std::unique_ptr<Connection> kept,
         io::TimerQueue& timers)
        : number(order), key(std::move(its_key)), connection(std::move(kept)), timer(timers) {}
    uint64_t number;  // grows with time
    std::string key;
    std::unique_ptr<Connection> connection;
    io::Timer timer;
  };
  // Those who wait for a place: urgent ones first, each in the order of coming.
  struct Waiting {
    std::deque<io::Completion<bool>*> urgent;
    std::deque<io::Completion<bool>*> others;

    bool empty() const { return urgent.empty() && others.empty(); }
    void add(io::Completion<bool>* one, bool is_urgent) {
      (is_urgent ? urgent : others).push_back(one);
    }
    void wake_first();
  };
  struct Site {
    unsigned open = 0;
    std::list<Idle> idle;  // the most recently used first
    Waiting waiting;
  };
  io::Task<void> reserve_at_site(const std::string& site, unsigned site_connections_max,
                                 bool urgent);
  io::Task<void> reserve_in_all(bool urgent);
  void end_longest_idle();
  void end_idle();
  std::unique_ptr<Connection> remove(Site& site, std::list<Idle>::iterator idle);

  io::Loop& loop_;
  Limits limits_;
  std::unordered_map<std::string, Site> sites_;
  unsigned open_ = 0;  // over all sites
  Waiting waiting_;
  std::map<uint64_t, std::string> idle_sites_;  // by number of the idle connection
  uint64_t kept_ = 0;
  io::TaskGroup endings_;
};

}  // namespace waypost::delivery
