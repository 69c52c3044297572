#pragma once

#include <functional>

#include "api/access.h"
#include "api/recent_replies.h"
#include "events/event.h"
#include "queue/queue.h"

namespace waypost::api {

// One site by its name: GET /v1/providers/{name}; all mail to it paused and resumed, or limited for
// a time. Thread: the loop's.
class ProviderPages {
 public:
  // Who keeps pauses over restarts, and writes down who wanted them. Fails when it cannot be kept,
  // but holds then as well; resource_exhausted when there are too many.
  struct Pausing {
    std::function<io::Task<Result<void>>(queue::Pause)> pause;
    // Whether there was one of exactly that scope.
    std::function<io::Task<Result<bool>>(queue::Scope, std::string by)> resume;
  };
  // Who keeps limits that people set, on the same terms.
  struct Limiting {
    std::function<io::Task<Result<void>>(queue::AskedLimit)> limit;
    // Whether there was one.
    std::function<io::Task<Result<bool>>(std::string site, std::string by)> lift;
  };
  ProviderPages(io::Loop& loop, queue::Queue& queue, Pausing pausing, Limiting limiting)
      : loop_(loop), queue_(queue), pausing_(std::move(pausing)), limiting_(std::move(limiting)) {}

  void add_to(web::Router& router, Access& access);
  void heard(const events::Event& event) { replies_.heard(event); }

 private:
  io::Task<web::Response> show(web::Request request);
  io::Task<web::Response> pause(web::Request request);
  io::Task<web::Response> resume(web::Request request);
  io::Task<web::Response> limit(web::Request request);
  io::Task<web::Response> lift(web::Request request);
  bool is_known(const std::string& name) const;

  io::Loop& loop_;
  queue::Queue& queue_;
  Pausing pausing_;
  Limiting limiting_;
  RecentReplies replies_;
};

}  // namespace waypost::api
