#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "web/message.h"

// What can be wrong with a request, as RFC 9457 has it: each problem has a name for ever, and a
// page in words at /v1/problems/NAME, to which its `type` leads.
namespace waypost::api {

enum class Problem {
  unauthorized,
  missing_scope,
  sender_not_allowed,
  invalid_json,
  invalid_fields,
  unsupported_media_type,
  refused,
  try_later,
  rate_limited,
  invalid_idempotency_key,
  invalid_idempotent_request,
  concurrent_idempotent_requests,
  email_not_found,
  email_not_waiting,
  suppression_not_found,
  content_gone,
  too_many_listeners,
  relay_failure,
  wrong_password,
  foreign_page,
  unknown_host,
  provider_not_found,
  domain_not_found,
  domain_conflict,
  dns_silent,
  too_busy,
  key_not_found,
  key_conflict,
};

web::Response refuse(Problem problem, std::string_view detail,
                     const std::vector<web::FieldProblem>& errors = {});

// invalid_fields, if something is wrong with some.
std::optional<web::Response> refuse_any(const std::vector<web::FieldProblem>& problems);

// 429, with what to wait.
web::Response rate_limited(std::string_view detail, int64_t wait_s);

struct ProblemPage {
  std::string_view name;
  unsigned code;
  std::string_view title;
  std::string_view words;
};
// Those of the server itself as well.
std::span<const ProblemPage> problem_pages();

}  // namespace waypost::api
