#include "publish/plan_json.h"

#include <utility>

#include "mailauth/txt_strings.h"
#include "publish/json_text.h"

namespace waypost::publish {

namespace json = boost::json;

namespace {

json::object to_json(const Observation& each) {
  return {{"server", each.server.text()},
          {"resolver", each.server.resolver},
          {"difference", name(each.difference)},
          {"words", text(each.words)},
          {"seen", texts(each.seen)},
          {"ttl_s", each.ttl_s}};
}

json::object to_json(const RecordReport& report, const std::string& domain) {
  json::object object = record_json(report.wanted, domain);
  object["good"] = report.good();
  json::array observations;
  for (const Observation& each : report.observations) observations.push_back(to_json(each));
  object["observations"] = std::move(observations);
  return object;
}

}  // namespace

json::object record_json(const WantedRecord& record, const std::string& domain) {
  json::object object{{"purpose", name(record.purpose)},
                      {"name", record.name},
                      {"relative_name", relative_name(record.name, domain)},
                      {"type", record.type == RecordType::mx ? "MX" : "TXT"},
                      {"value", text(record.text)}};
  if (record.type == RecordType::mx)
    object["priority"] = record.preference;
  else
    object["strings"] = texts(mailauth::txt_strings(record.text));
  object["published"] = record.published;
  object["blocked"] = record.blocked;
  object["replaces"] = texts(record.replaces);
  object["remarks"] = texts(record.remarks);
  return object;
}

json::object plan_json(const Plan& plan) {
  json::array records;
  for (const WantedRecord& record : plan.records)
    records.push_back(record_json(record, plan.domain));
  return {{"domain", plan.domain},
          {"published", plan.published()},
          {"records", std::move(records)},
          {"problems", texts(plan.problems)}};
}

json::object verification_json(const Verification& verification) {
  json::object object = plan_json(verification.plan);
  json::array records;
  for (const RecordReport& report : verification.records)
    records.push_back(to_json(report, verification.plan.domain));
  object["good"] = verification.good();
  object["records"] = std::move(records);
  return object;
}

}  // namespace waypost::publish
