#include "doctor/short_walk.h"

#include <utility>

#include "doctor/rungs.h"

namespace waypost::doctor {
namespace {

constexpr std::chrono::seconds goodbye_patience{1};

bool passed(const RungResult& result) {
  return result.status == RungStatus::pass || result.status == RungStatus::warn;
}

io::Task<void> climb(Context& context, const Request& request, Ground& ground, Report& report) {
  RungResult name = co_await walk_name(context, request, ground);
  const bool goes_on = passed(name);
  report.rungs.push_back(std::move(name));
  if (!goes_on) co_return;
  RungResult connect = co_await walk_connect(context, request, ground);
  if (!ground.connected) {
    report.rungs.push_back(std::move(connect));
    co_return;
  }
  RungResult secured = co_await walk_tls(context, request, ground, connect);
  report.rungs.push_back(std::move(connect));
  report.rungs.push_back(std::move(secured));
}

}  // namespace

io::Task<Report> walk_to_tls(Context& context, Request request) {
  Report report;
  report.started = context.loop.wall_now();
  Ground ground;
  ground.tries_other_ways = false;
  co_await climb(context, request, ground, report);
  if (ground.session) {
    auto answer = co_await ground.session->conversation.ask("QUIT", goodbye_patience);
    static_cast<void>(answer);
  }
  report.target_host = ground.host;
  report.domain = ground.domain;
  report.target_port = ground.port;
  report.encryption = ground.encryption;
  report.evidence = context.evidence.all();
  report.effects = context.effects;
  co_return report;
}

}  // namespace waypost::doctor
