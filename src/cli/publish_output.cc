#include "cli/publish_output.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "cli/json_text.h"
#include "io/clock.h"
#include "mailauth/txt_strings.h"
#include "publish/render.h"

namespace waypost::cli {
namespace json = boost::json;

json::object record_json(const publish::WantedRecord& record, const std::string& domain) {
  json::object object{{"purpose", name(record.purpose)},
                      {"name", record.name},
                      {"relative_name", publish::relative_name(record.name, domain)},
                      {"type", record.type == publish::RecordType::mx ? "MX" : "TXT"},
                      {"value", text(record.text)}};
  if (record.type == publish::RecordType::mx)
    object["priority"] = record.preference;
  else
    object["strings"] = texts(mailauth::txt_strings(record.text));
  object["published"] = record.published;
  object["blocked"] = record.blocked;
  object["replaces"] = texts(record.replaces);
  object["remarks"] = texts(record.remarks);
  return object;
}

json::object plan_json(const publish::Plan& plan) {
  json::array records;
  for (const publish::WantedRecord& record : plan.records)
    records.push_back(record_json(record, plan.domain));
  return {{"domain", plan.domain},
          {"published", plan.published()},
          {"records", std::move(records)},
          {"problems", texts(plan.problems)}};
}

json::array keys_json(const domains::SendingDomain& domain) {
  json::array keys;
  for (const domains::DomainKey& key : domain.keys)
    keys.push_back(json::object{{"selector", key.selector},
                                {"type", domains::type_name(key.type)},
                                {"state", name(key.state)},
                                {"made_at", base::to_rfc3339(key.made_at)},
                                {"since", base::to_rfc3339(key.since)}});
  return keys;
}

void print_plan(const Global& global, const std::string& format, const publish::Plan& plan,
                const domains::SendingDomain& domain) {
  if (global.json) {
    json::object object = plan_json(plan);
    object["keys"] = keys_json(domain);
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
    json::object object = plan_json(made->plan);
    object["keys"] = keys_json(domain);
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
