#pragma once

#include "api/access.h"
#include "dns/resolver.h"
#include "guard/suppressions.h"

namespace waypost::api {

// POST /v1/addresses/validate: for forms in which people write their address. Thread: the loop's.
class AddressPages {
 public:
  // `resolver` is the loop's.
  AddressPages(io::Loop& loop, dns::Resolver& resolver, const guard::Suppressions& list)
      : loop_(loop), resolver_(resolver), list_(list) {}

  void add_to(web::Router& router, Access& access);

 private:
  io::Task<web::Response> validate(web::Request request);

  io::Loop& loop_;
  dns::Resolver& resolver_;
  const guard::Suppressions& list_;
  size_t running_ = 0;
};

}  // namespace waypost::api
