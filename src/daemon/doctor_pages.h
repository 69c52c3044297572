#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "api/access.h"
#include "daemon/site_doctor.h"
#include "doctor/walk.h"
#include "io/task_group.h"

namespace waypost::daemon {

// POST /v1/doctor: the ladder of `waypost doctor`, told rung by rung as server-sent events. It
// walks on a thread of its own, and no mail waits for it. For admins alone, since it connects to
// where it is told: to ports of mail, and to none of the others below 1024. One walk a session, and
// four at once. Thread: that of the loop.
class DoctorPages {
 public:
  // `mx_port` tells at which port the relay finds mail hosts: a domain's are asked there.
  DoctorPages(io::Loop& loop, SiteDoctor::Services services, std::function<uint16_t()> mx_port);
  ~DoctorPages() { end(); }

  void add_to(web::Router& router, api::Access& access);

  // What is being walked is dropped; who listens hears that it ended. Idempotent.
  void end();

 private:
  struct Walk;
  io::Task<web::Response> answer(web::Request request);
  io::Task<void> tell(std::shared_ptr<Walk> walk, web::BodyStream& to);
  io::Task<void> run(std::shared_ptr<Walk> walk);
  // On the thread of its own.
  io::Task<void> climb(std::shared_ptr<Walk> walk);

  io::Loop& loop_;
  const SiteDoctor::Services services_;
  const std::function<uint16_t()> mx_port_;
  api::Access* access_ = nullptr;
  bool ended_ = false;
  std::set<std::string> busy_;  // who has a walk
  io::LoopThread thread_{"waypost-webdoc"};
  std::unique_ptr<dns::Resolver> resolver_;
  std::unique_ptr<tls::ClientContext> obsolete_tls_;  // made when it is first needed
  io::Remote remote_{thread_.loop()};
  io::TaskGroup walks_;  // last: what runs uses all of the above
};

}  // namespace waypost::daemon
