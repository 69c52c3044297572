#include "delivery/pool.h"

#include <algorithm>

namespace waypost::delivery {

std::unique_ptr<Connection> Pool::take(const std::string& site, const std::string& key) {
  auto known = sites_.find(site);
  if (known == sites_.end()) return nullptr;
  Site& kept = known->second;
  auto found = std::find_if(kept.idle.begin(), kept.idle.end(),
                            [&](const Idle& idle) { return idle.key == key; });
  return found == kept.idle.end() ? nullptr : remove(kept, found);
}

std::unique_ptr<Connection> Pool::remove(Site& site, std::list<Idle>::iterator idle) {
  std::unique_ptr<Connection> connection = std::move(idle->connection);
  idle_sites_.erase(idle->number);
  site.idle.erase(idle);
  return connection;
}

io::Task<void> Pool::reserve(std::string site, unsigned site_connections_max, bool urgent) {
  co_await reserve_at_site(site, site_connections_max, urgent);
  co_await reserve_in_all(urgent);
}

io::Task<void> Pool::reserve_at_site(const std::string& site, unsigned site_connections_max,
                                     bool urgent) {
  while (true) {
    Site& kept = sites_[site];
    if (kept.open < site_connections_max) {
      ++kept.open;
      co_return;
    }
    if (!kept.idle.empty()) {
      co_await discard(site, remove(kept, std::prev(kept.idle.end())));
      continue;
    }
    io::Completion<bool> room;
    kept.waiting.add(&room, urgent);
    co_await room;
  }
}

// Whoever waits is given the place of one that ends, so nobody overtakes but for urgency.
io::Task<void> Pool::reserve_in_all(bool urgent) {
  if (open_ < limits_.connections_max && waiting_.empty()) {
    ++open_;
    co_return;
  }
  io::Completion<bool> handed_over;
  waiting_.add(&handed_over, urgent);
  end_longest_idle();
  co_await handed_over;
}

void Pool::end_longest_idle() {
  if (idle_sites_.empty()) return;
  std::string site = idle_sites_.begin()->second;
  Site& kept = sites_[site];
  auto oldest = std::prev(kept.idle.end());
  endings_.start(discard(std::move(site), remove(kept, oldest)));
}

void Pool::reconfigure(Limits limits) {
  limits_ = limits;
  end_idle();
  for (; open_ < limits_.connections_max && !waiting_.empty(); ++open_) waiting_.wake_first();
}

void Pool::release(const std::string& site) {
  // Decided before anybody is woken, who might ask for a place at once.
  bool hand_over = !waiting_.empty() && open_ <= limits_.connections_max;
  if (!hand_over) --open_;
  auto known = sites_.find(site);
  Site& kept = known->second;
  --kept.open;
  if (!kept.waiting.empty())
    kept.waiting.wake_first();
  else if (kept.open == 0)
    sites_.erase(known);
  if (hand_over) waiting_.wake_first();
}

void Pool::Waiting::wake_first() {
  auto& waiting = urgent.empty() ? others : urgent;
  if (waiting.empty()) return;
  io::Completion<bool>* first = waiting.front();
  waiting.pop_front();
  first->complete(true);
}

void Pool::keep(const std::string& site, const std::string& key,
                std::unique_ptr<Connection> connection) {
  Site& kept = sites_[site];
  kept.idle.emplace_front(++kept_, key, std::move(connection), loop_.timers());
  idle_sites_[kept_] = site;
  auto idle = kept.idle.begin();
  idle->timer.start(loop_.now() + limits_.idle_for, [this, site, idle] {
    // What is captured goes with the timer.
    std::string name = site;
    std::unique_ptr<Connection> ended = remove(sites_[name], idle);
    endings_.start(discard(std::move(name), std::move(ended)));
  });
  // Somebody may wait for the place.
  if (!kept.waiting.empty())
    endings_.start(discard(site, remove(kept, idle)));
  else if (!waiting_.empty())
    end_longest_idle();
}

io::Task<void> Pool::discard(std::string site, std::unique_ptr<Connection> connection) {
  co_await connection->quit();
  connection.reset();
  release(site);
}

unsigned Pool::idle(const std::string& site) const {
  auto known = sites_.find(site);
  return known == sites_.end() ? 0 : static_cast<unsigned>(known->second.idle.size());
}

void Pool::end_idle() {
  while (!idle_sites_.empty()) end_longest_idle();
}

io::Task<void> Pool::stop() {
  end_idle();
  co_await endings_.join();
}

}  // namespace waypost::delivery
