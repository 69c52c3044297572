#pragma once

#include <functional>
#include <string>

#include "api/access.h"
#include "io/loop.h"
#include "io/worker.h"
#include "records/keys.h"

namespace waypost::api {

// /v1/api-keys: with what applications log in, as `waypost keys` makes them. A key makes none that
// may more than itself. Thread: the loop's.
class KeyPages {
 public:
  struct Services {
    io::Loop& loop;
    io::Worker& worker;  // that the keys belong to
    records::Keys& keys;
    std::function<void(const std::string&)> told;  // a line for the log: who did what
    Access& access;
  };
  explicit KeyPages(Services services) : services_(std::move(services)) {}

  void add_to(web::Router& router);

 private:
  struct NewKey;
  io::Task<web::Response> list(web::Request request);
  io::Task<web::Response> create(web::Request request);
  io::Task<web::Response> revoke(web::Request request);

  Services services_;
};

}  // namespace waypost::api
