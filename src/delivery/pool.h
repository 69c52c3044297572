#pragma once

#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "delivery/connection.h"
#include "io/task_group.h"
#include "io/timer.h"

namespace waypost::delivery {

// The connections of each site: how many are open, and those that wait for another message.
// Thread: the loop's.
class Pool {
 public:
  Pool(io::Loop& loop, Duration idle_for) : loop_(loop), idle_for_(idle_for) {}

  // How long a connection is kept from now on. What is idle was made by other settings: it ends.
  void reconfigure(Duration idle_for);

  // An idle connection to `host`, or null.
  std::unique_ptr<Connection> take(const std::string& site, const std::string& host);
  // Before another connection to the site is opened: ends idle ones to its other hosts, and waits
  // for those that are ending, until fewer than `connections_max` are open.
  io::Task<void> make_room(const std::string& site, unsigned connections_max);
  // One more is being opened, or could not be.
  void opened(const std::string& site) { ++sites_[site].open; }
  void closed(const std::string& site);
  void keep(const std::string& site, const std::string& host,
            std::unique_ptr<Connection> connection);
  // Ends a connection that was taken or opened.
  io::Task<void> discard(const std::string& site, std::unique_ptr<Connection> connection);

  // Ends all idle ones, and waits for those that are ending.
  io::Task<void> stop();

 private:
  struct Idle {
    Idle(std::string to_host, std::unique_ptr<Connection> kept, io::TimerQueue& timers)
        : host(std::move(to_host)), connection(std::move(kept)), timer(timers) {}
    std::string host;
    std::unique_ptr<Connection> connection;
    io::Timer timer;
  };
  struct Site {
    unsigned open = 0;
    std::list<Idle> idle;  // the most recently used first
    std::vector<io::Completion<bool>*> waiting_for_room;
  };
  void end_idle();
  std::unique_ptr<Connection> remove(Site& site, std::list<Idle>::iterator idle);

  io::Loop& loop_;
  Duration idle_for_;
  std::unordered_map<std::string, Site> sites_;
  io::TaskGroup endings_;
};

}  // namespace waypost::delivery
