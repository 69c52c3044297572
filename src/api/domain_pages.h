#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/access.h"
#include "dns/unbound_resolver.h"
#include "domains/needs.h"
#include "domains/settings.h"
#include "io/loop_thread.h"
#include "io/remote.h"
#include "publish/flows.h"

namespace waypost::api {

class Fields;
struct DomainRequest;

// /v1/domains: the domains that mail is sent from, their keys, what they must publish and whether
// receivers see it, as the commands `domains` and `keys` have it. It works on a thread of its own,
// one change after the other, and no mail waits for a name server or for a key that is being made.
// Each question is asked anew, past what a cache remembers, and takes 20 s at most. Keys themselves
// never leave. Thread: that of the loop.
class DomainPages {
 public:
  struct Services {
    io::Loop& loop;
    io::Disk& disk;
    std::string folder;          // of the domains and their keys
    dns::ResolverOptions names;  // whom to ask
    // The server behind them, for what receivers see. Runs on a thread of its own, and blocks.
    std::function<Result<Endpoint>()> resolver;
    std::function<domains::SendingRelay()> relay;
    // The relay signs with what is on disk from now on.
    std::function<io::Task<void>()> take_up;
  };
  explicit DomainPages(Services services);
  ~DomainPages() { end(); }

  void add_to(web::Router& router, Access& access);

  // What is under way is dropped, and never answered. Idempotent.
  void end();

 private:
  using Wanted = DomainRequest;
  struct Done;
  class Names;
  using Step = io::Task<Done> (DomainPages::*)(Wanted wanted);
  // Notes what is wrong with a body.
  using Read = void (*)(Fields& fields, Wanted& wanted);

  io::Task<web::Response> answer(Step step, Read read, web::Request request);

  // On the thread of its own.
  io::Task<Done> list(Wanted wanted);
  io::Task<Done> show(Wanted wanted);
  io::Task<Done> add(Wanted wanted);
  io::Task<Done> remove(Wanted wanted);
  io::Task<Done> verify(Wanted wanted);
  io::Task<Done> keys(Wanted wanted);
  io::Task<Done> rotate(Wanted wanted);
  io::Task<Done> activate(Wanted wanted);
  io::Task<Done> retire(Wanted wanted);
  Result<domains::SendingDomain> load(const Wanted& wanted) const;
  io::Task<web::Response> plan_page(domains::SendingDomain domain, domains::SendingRelay relay);
  io::Task<Result<publish::Plan>> plan(publish::Needs needs);
  io::Task<Result<publish::Verification>> look(const domains::SendingDomain& domain,
                                               const Wanted& wanted);

  const Services services_;
  domains::DomainStore store_;
  bool ended_ = false;
  size_t running_ = 0;
  io::LoopThread thread_{"waypost-domains"};
  io::Remote remote_{thread_.loop()};  // last: what runs there uses all of the above
};

}  // namespace waypost::api
