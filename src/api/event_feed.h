#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/access.h"
#include "events/event.h"
#include "io/loop.h"

namespace waypost::api {

inline constexpr size_t listeners_max = 32;

// GET /v1/events: what happens to mail, as server-sent events while it happens. The newest 5,000,
// of 32 MiB at most, are kept in memory, so that a client that comes back with Last-Event-ID misses
// nothing; where it was away for longer, or reads too slowly, an event `gap` says how many it
// missed. Thread: the loop's.
class EventFeed {
 public:
  // Whether somebody still may listen, which is asked for each about once a second.
  using Holds = std::function<io::Task<bool>(Caller)>;

  EventFeed(io::Loop& loop, Holds holds);

  void add_to(web::Router& router, Access& access);

  void heard(const events::Event& event);
  // Everybody who listens is let go.
  void close() { closed_ = true; }

 private:
  using Heard = std::shared_ptr<const events::Event>;

  io::Task<web::Response> listen(web::Request request);
  io::Task<void> tell(Caller caller, uint64_t next, web::BodyStream& to);
  // What a client that has seen `last_id` is to get next.
  uint64_t next_after(std::string_view last_id) const;
  // Some of what comes from `next` on, which moves behind it.
  std::string lines_from(const records::Key& key, uint64_t& next) const;

  io::Loop& loop_;
  const Holds holds_;
  const std::string run_;  // names this run of the relay
  std::deque<Heard> kept_;
  uint64_t kept_octets_ = 0;  // about
  uint64_t first_ = 1;        // the number of kept_.front()
  size_t listeners_ = 0;
  bool closed_ = false;
};

}  // namespace waypost::api
