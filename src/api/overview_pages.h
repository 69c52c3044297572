#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "api/access.h"
#include "api/causes.h"
#include "api/history.h"
#include "api/history_keeper.h"
#include "api/verdict.h"
#include "classify/classifier.h"
#include "classify/rule_book.h"
#include "events/event.h"
#include "io/timer.h"
#include "queue/queue.h"

namespace waypost::api {

// GET /v1/overview, /v1/history and /v1/bounces: how mail went, counted while it happens, so that
// no question costs more for a long past or a long queue. What was while no relay ran is not known,
// and said so; why mail was deferred or bounced is known since the start alone. Thread: the loop's.
class OverviewPages {
 public:
  struct Services {
    io::Loop& loop;
    const queue::Queue& queue;
    classify::Reader& replies;
    HistoryKeeper::Services kept;  // where its curves are
  };
  // Reads what was kept. Blocks.
  explicit OverviewPages(Services services);
  // Writes it once more.
  io::Task<void> stop() { return keeper_.stop(); }

  void add_to(web::Router& router, Access& access);
  void heard(const events::Event& event);

 private:
  io::Task<web::Response> overview(web::Request request);
  io::Task<web::Response> history(web::Request request);
  io::Task<web::Response> bounces(web::Request request);
  void look();
  boost::json::object overview_json(Window window) const;
  boost::json::array causes_json(const std::vector<CauseCount>& causes, uint64_t tried) const;
  boost::json::array providers_json(Window window) const;
  // The window, or as much of it as causes are known of.
  std::string causes_since(Window window) const;
  uint64_t complained_at(const std::string& provider, Window window) const;
  boost::json::object apart_json(Window window) const;
  // Of those with the most of `count`; empty where none has any.
  LeadingCause leading(const std::vector<CauseCount>& causes, uint64_t CauseCount::*count) const;
  MailState state_of(Window window, const std::vector<CauseCount>& causes) const;
  // Those of a window; the most frequent first.
  std::vector<CauseCount> causes_of(Window window) const;
  const classify::ClassPage& page_of(const std::string& cause) const;

  Services services_;
  History history_;
  HistoryKeeper keeper_;
  WallTime causes_since_;
  Causes causes_;
  Causes complaints_;
  io::Timer looking_;
  // When it looked last.
  WallTime looked_wall_;
  Instant looked_;
};

}  // namespace waypost::api
