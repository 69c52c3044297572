#pragma once

#include "api/access.h"
#include "queue/queue.h"

namespace waypost::api {

// GET /v1/queue and /v1/providers: what waits and why, and how each site stands. Thread: the
// loop's.
class QueuePages {
 public:
  QueuePages(io::Loop& loop, const queue::Queue& queue) : loop_(loop), queue_(queue) {}

  void add_to(web::Router& router, Access& access);

 private:
  struct Walk;

  io::Task<web::Response> list(web::Request request);
  io::Task<web::Response> sites(web::Request request);

  bool go_on(Walk& walk) const;

  io::Loop& loop_;
  const queue::Queue& queue_;
};

}  // namespace waypost::api
