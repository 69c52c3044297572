#include "delivery/pool.h"

#include <algorithm>

namespace waypost::delivery {

std::unique_ptr<Connection> Pool::take(const std::string& site, const std::string& host) {
  Site& kept = sites_[site];
  auto found = std::find_if(kept.idle.begin(), kept.idle.end(),
                            [&](const Idle& idle) { return idle.host == host; });
  return found == kept.idle.end() ? nullptr : remove(kept, found);
}

std::unique_ptr<Connection> Pool::remove(Site& site, std::list<Idle>::iterator idle) {
  std::unique_ptr<Connection> connection = std::move(idle->connection);
  site.idle.erase(idle);
  return connection;
}

io::Task<void> Pool::make_room(const std::string& site, unsigned connections_max) {
  while (true) {
    Site& kept = sites_[site];
    if (kept.open < connections_max) co_return;
    if (!kept.idle.empty()) {
      co_await discard(site, remove(kept, std::prev(kept.idle.end())));
      continue;
    }
    io::Completion<bool> room;
    kept.waiting_for_room.push_back(&room);
    co_await room;
  }
}

void Pool::closed(const std::string& site) {
  Site& kept = sites_[site];
  --kept.open;
  if (kept.waiting_for_room.empty()) return;
  io::Completion<bool>* first = kept.waiting_for_room.front();
  kept.waiting_for_room.erase(kept.waiting_for_room.begin());
  first->complete(true);
}

void Pool::keep(const std::string& site, const std::string& host,
                std::unique_ptr<Connection> connection) {
  Site& kept = sites_[site];
  kept.idle.emplace_front(host, std::move(connection), loop_.timers());
  auto idle = kept.idle.begin();
  idle->timer.start(loop_.now() + idle_for_, [this, site, idle] {
    endings_.start(discard(site, remove(sites_[site], idle)));
  });
}

io::Task<void> Pool::discard(const std::string& site, std::unique_ptr<Connection> connection) {
  std::string name = site;
  co_await connection->quit();
  connection.reset();
  closed(name);
}

void Pool::reconfigure(Duration idle_for) {
  idle_for_ = idle_for;
  end_idle();
}

void Pool::end_idle() {
  for (auto& [name, site] : sites_)
    while (!site.idle.empty()) endings_.start(discard(name, remove(site, site.idle.begin())));
}

io::Task<void> Pool::stop() {
  end_idle();
  co_await endings_.join();
}

}  // namespace waypost::delivery
