#include "message/tls_report.h"

#include <algorithm>

#include <boost/json.hpp>

#include "base/ascii.h"
#include "base/json_member.h"
#include "message/unpack.h"

namespace waypost::message {
namespace {

namespace json = boost::json;
using base::json_member;
using base::json_text;

uint64_t number(const json::value& value, std::string_view name) {
  const json::value* found = json_member(value, name);
  if (found == nullptr) return 0;
  if (const int64_t* integer = found->if_int64()) return uint64_t(std::max<int64_t>(0, *integer));
  const uint64_t* large = found->if_uint64();
  return large == nullptr ? 0 : *large;
}

// Calls `take` with at most `count_max` members of an array.
template <class Take>
void each(const json::value& value, std::string_view name, size_t count_max, Take take) {
  const json::value* found = json_member(value, name);
  const json::array* array = found == nullptr ? nullptr : found->if_array();
  if (array == nullptr) return;
  for (const json::value& one : *array)
    if (count_max-- > 0)
      take(one);
    else
      return;
}

TlsPolicy policy_of(const json::value& value) {
  TlsPolicy policy;
  if (const json::value* stated = json_member(value, "policy")) {
    policy.type = json_text(*stated, "policy-type");
    policy.domain = json_text(*stated, "policy-domain");
  }
  if (const json::value* summary = json_member(value, "summary")) {
    policy.successes = number(*summary, "total-successful-session-count");
    policy.failures = number(*summary, "total-failure-session-count");
  }
  each(value, "failure-details", tls_failures_max, [&](const json::value& one) {
    std::string reason = json_text(one, "failure-reason-code");
    policy.details.push_back({json_text(one, "result-type"), json_text(one, "sending-mta-ip"),
                              json_text(one, "receiving-mx-hostname"),
                              json_text(one, "receiving-ip"), number(one, "failed-session-count"),
                              std::move(reason)});
  });
  return policy;
}

}  // namespace

base::Result<TlsReport> read_tls_report(std::string_view octets) {
  TRY(std::string text_of_it, unpack(octets, tls_report_octets_max));
  json::error_code error;
  json::parse_options options;
  options.max_depth = 16;
  json::value value = json::parse(text_of_it, error, {}, options);
  if (error || !value.is_object() || json_member(value, "policies") == nullptr)
    return failure(ErrorCode::invalid_input, "this is no TLS report (RFC 8460)");
  TlsReport report;
  report.organisation = json_text(value, "organization-name");
  report.contact = json_text(value, "contact-info");
  report.report_id = json_text(value, "report-id");
  if (const json::value* range = json_member(value, "date-range")) {
    report.begin = json_text(*range, "start-datetime");
    report.end = json_text(*range, "end-datetime");
  }
  each(value, "policies", tls_policies_max,
       [&](const json::value& one) { report.policies.push_back(policy_of(one)); });
  return report;
}

std::optional<base::Result<TlsReport>> tls_report_of(const MimeMessage& message) {
  bool says_so = message.report_type == "tlsrpt" || !message.field("TLS-Report-Domain").empty();
  for (const MimePart& part : message.parts) {
    if (part.messages > 0 || part.content.empty()) continue;
    bool is_report = part.type.starts_with("application/tlsrpt");
    bool may_be =
        part.type.find("json") != std::string::npos || part.type.find("gzip") != std::string::npos;
    if (is_report || (says_so && may_be)) return read_tls_report(part.content);
  }
  return std::nullopt;
}

}  // namespace waypost::message
