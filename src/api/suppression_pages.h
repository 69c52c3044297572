#pragma once

#include "api/access.h"
#include "guard/suppressions.h"
#include "io/loop.h"

namespace waypost::api {

// /v1/suppressions: the addresses that are not written to. Thread: the loop's.
class SuppressionPages {
 public:
  SuppressionPages(io::Loop& loop, guard::Suppressions& list) : loop_(loop), list_(list) {}

  void add_to(web::Router& router, Access& access);

 private:
  io::Task<web::Response> list(web::Request request);
  io::Task<web::Response> show(web::Request request);
  io::Task<web::Response> put(web::Request request);
  io::Task<web::Response> remove(web::Request request);

  io::Loop& loop_;
  guard::Suppressions& list_;
};

}  // namespace waypost::api
