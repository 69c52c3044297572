#include <boost/json.hpp>

#include "explain/incoming_answer.h"
#include "explain/reply_json.h"

namespace waypost::explain {

namespace json = boost::json;
using bounces::Incoming;
using bounces::Kind;
using bounces::Recipient;

namespace {

// The fields of an answer, for those whom nothing was refused.
json::object state_json(const RecipientAnswer& one, const Incoming& incoming) {
  bool is_delivered = one.state == "relayed" || one.state == "expanded";
  bool is_complaint = incoming.complaint && incoming.complaint->type == "abuse";
  // Of one list; other mail may be wanted.
  bool is_opt_out = incoming.complaint && incoming.complaint->type == "opt-out";
  json::array remedy;
  if (is_complaint) remedy.emplace_back("Stop sending to this address: its owner complained.");
  if (is_opt_out)
    remedy.emplace_back("Take this address off the list that it was written to through.");
  return {{"class", is_delivered ? std::string_view("delivered") : one.state},
          {"group", "notice"},
          {"who", is_complaint || is_opt_out ? "sender" : "nobody"},
          {"disposition", nullptr},
          {"suppress", is_complaint},
          {"provider", nullptr},
          {"standard_meaning", nullptr},
          {"meaning", nullptr},
          {"confidence", "certain"},
          {"rule", nullptr},
          {"evidence", nullptr},
          {"alternatives", json::array()},
          {"remedy", std::move(remedy)},
          {"retry_after_s", nullptr}};
}

json::object recipient_json(const RecipientAnswer& one, const Incoming& incoming) {
  const Recipient& recipient = *one.recipient;
  json::object object{{"address", text_or_null(recipient.address)},
                      {"action", text_or_null(message::name(recipient.action))},
                      {"status", text_or_null(recipient.status)},
                      {"reply", text_or_null(recipient.reply)},
                      {"remote_mta", text_or_null(recipient.remote_mta)}};
  json::object answer = one.answer ? to_json(*one.answer) : state_json(one, incoming);
  for (auto& member : answer) object[member.key()] = std::move(member.value());
  return object;
}

json::object complaint_json(const message::FeedbackReport& report) {
  json::array domains;
  for (const std::string& domain : report.domains) domains.push_back(text_or_null(domain));
  return {{"type", text_or_null(report.type)},
          {"reporter", text_or_null(report.user_agent)},
          {"mail_from", text_or_null(report.mail_from)},
          {"source_ip", text_or_null(report.source_ip)},
          {"auth_failure", text_or_null(report.auth_failure)},
          {"incidents", report.incidents},
          {"domains", std::move(domains)}};
}

json::object row_json(const message::DmarcRow& row) {
  json::array overrides;
  for (const std::string& reason : row.overrides) overrides.push_back(text_or_null(reason));
  return {{"source_ip", text_or_null(row.source_ip)},
          {"count", row.count},
          {"disposition", text_or_null(row.disposition)},
          {"dkim", text_or_null(row.dkim)},
          {"spf", text_or_null(row.spf)},
          {"header_from", text_or_null(row.header_from)},
          {"envelope_from", text_or_null(row.envelope_from)},
          {"overrides", std::move(overrides)}};
}

json::object dmarc_json(const base::Result<message::DmarcReport>& read) {
  if (!read) return {{"error", read.error().message()}};
  const message::DmarcReport& report = *read;
  json::array rows;
  for (const message::DmarcRow& row : report.rows) rows.push_back(row_json(row));
  return {{"organisation", text_or_null(report.organisation)},
          {"report_id", text_or_null(report.report_id)},
          {"begin", report.begin},
          {"end", report.end},
          {"domain", text_or_null(report.domain)},
          {"policy", text_or_null(report.policy)},
          {"rows", std::move(rows)},
          {"cut_off", report.cut_off}};
}

json::object policy_json(const message::TlsPolicy& policy) {
  json::array failures;
  for (const message::TlsFailure& failure : policy.details)
    failures.push_back(json::object{{"result", text_or_null(failure.result)},
                                    {"host", text_or_null(failure.receiving_host)},
                                    {"sending_ip", text_or_null(failure.sending_ip)},
                                    {"sessions", failure.sessions},
                                    {"reason", text_or_null(failure.reason)}});
  return {{"type", text_or_null(policy.type)},
          {"domain", text_or_null(policy.domain)},
          {"successes", policy.successes},
          {"failures", policy.failures},
          {"details", std::move(failures)}};
}

json::object tls_json(const base::Result<message::TlsReport>& read) {
  if (!read) return {{"error", read.error().message()}};
  json::array policies;
  for (const message::TlsPolicy& policy : read->policies) policies.push_back(policy_json(policy));
  return {{"organisation", text_or_null(read->organisation)},
          {"report_id", text_or_null(read->report_id)},
          {"begin", text_or_null(read->begin)},
          {"end", text_or_null(read->end)},
          {"policies", std::move(policies)}};
}

}  // namespace

json::object to_json(const Incoming& incoming, const std::vector<RecipientAnswer>& answers) {
  json::array recipients;
  for (const RecipientAnswer& one : answers) recipients.push_back(recipient_json(one, incoming));
  json::object object{{"kind", bounces::name(incoming.kind)},
                      {"server", text_or_null(incoming.server)},
                      {"message_id", text_or_null(incoming.message_id)},
                      {"recipients", std::move(recipients)}};
  if (incoming.complaint) object["complaint"] = complaint_json(*incoming.complaint);
  if (incoming.dmarc) object["dmarc_report"] = dmarc_json(*incoming.dmarc);
  if (incoming.dmarc_more > 0) object["dmarc_reports_more"] = incoming.dmarc_more;
  if (incoming.tls) object["tls_report"] = tls_json(*incoming.tls);
  return object;
}

}  // namespace waypost::explain
