#include "cli/publish_output.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "domains/domain_json.h"
#include "io/clock.h"
#include "publish/plan_json.h"
#include "publish/render.h"

namespace waypost::cli {
namespace json = boost::json;

void print_plan(const Global& global, const std::string& format, const publish::Plan& plan,
                const domains::SendingDomain& domain) {
  if (global.json) {
    json::object object = publish::plan_json(plan);
    object["keys"] = domains::keys_json(domain);
    return print(json::serialize(object) + "\n");
  }
  using publish::TerraformProvider;
  // In a file they are comments, which nobody reads.
  if (format != "table")
    for (const std::string& problem : plan.problems)
      note(fmt::format("waypost: {}\n", base::escape_control(problem)));
  if (format == "zone") return print(as_zone(plan));
  if (format == "terraform") return print(as_terraform(plan, TerraformProvider::route53));
  if (format == "terraform-cloudflare")
    return print(as_terraform(plan, TerraformProvider::cloudflare));
  print(as_text(plan));
}

int report_update(const Global& global, const Result<publish::Publication>& made,
                  const UpdateTarget& target, const domains::SendingDomain& domain) {
  if (!made) {
    report(made.error());
    return exit_code::could_not_finish;
  }
  const bool done = made->answer && made->answer->done();
  const bool nothing = !made->answer && made->plan.problems.empty();
  const std::string words =
      made->answer ? in_words(*made->answer, made->update, target.key, io::SystemClock().wall_now())
                   : std::string(nothing ? "There was nothing to change." : "Nothing was changed.");
  if (global.json) {
    json::object object = publish::plan_json(made->plan);
    object["keys"] = domains::keys_json(domain);
    object["update"] = json::object{{"server", target.server.text()},
                                    {"zone", made->update.zone},
                                    {"done", done || nothing},
                                    {"changes", made->update.changes.size()},
                                    {"words", words}};
    print(json::serialize(object) + "\n");
  } else {
    for (const auto& change : made->update.changes)
      if (done) print(fmt::format("  changed  {}\n", change.name));
    for (const std::string& problem : made->plan.problems)
      note(fmt::format("waypost: {}\n", base::escape_control(problem)));
    if (!done && !nothing)
      note(fmt::format("waypost: {}\n", words));
    else if (!global.quiet)
      note(fmt::format("  {}\n", words));
  }
  return done || nothing ? exit_code::ok : exit_code::negative;
}

}  // namespace waypost::cli
