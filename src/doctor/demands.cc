#include "doctor/demands.h"

#include <fmt/format.h>

#include "io/task_group.h"

namespace waypost::doctor {

Finding unmet_demand(std::string id, const Context& context, const Request& request,
                     const Ground& ground) {
  Finding finding;
  finding.id = std::move(id);
  finding.parameters = ground.parameters();
  if (!context.evidence.all().empty()) finding.evidence = {context.evidence.all().back().n};
  if (request.to.empty()) return finding;
  finding.severity = Severity::warning;
  finding.notes.push_back(
      fmt::format("It stops your mail only where the server that sends it checks this. Who can "
                  "mend it is the postmaster of {}.",
                  ground.domain));
  return finding;
}

io::Task<void> judge_demands(Context& context, const Request& request, const Ground& ground,
                             RungResult& tls) {
  Demand dane, sts;
  io::TaskGroup group;
  group.start(look_at_dane(context, request, ground, dane));
  group.start(look_at_sts(context, request, ground, sts));
  co_await group.join();
  tls.add_fact("dane", dane.fact);
  tls.add_fact("mta_sts", sts.fact);
  for (Demand* demand : {&dane, &sts}) {
    const RungStatus before = tls.status;
    for (Finding& finding : demand->findings) tls.add(std::move(finding));
    // What is worst is told, and of what is equally bad the first.
    if (tls.status != before && !demand->line.empty()) tls.line = std::move(demand->line);
    if (!demand->remark.empty()) tls.remarks.push_back(std::move(demand->remark));
  }
}

}  // namespace waypost::doctor
