#pragma once

#include "api/access.h"
#include "classify/classifier.h"

namespace waypost::api {

// POST /v1/explain: what a reply means, as `waypost explain --json` says it. GET /v1/causes: what
// each class of replies is called. Thread: the loop's.
class ExplainPages {
 public:
  explicit ExplainPages(classify::Reader& replies) : replies_(replies) {}

  void add_to(web::Router& router, Access& access);

 private:
  io::Task<web::Response> explain(web::Request request);
  io::Task<web::Response> causes();

  classify::Reader& replies_;
};

}  // namespace waypost::api
