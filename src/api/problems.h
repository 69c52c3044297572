#pragma once

#include <cstdint>
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
  idempotency_key_reused,
  idempotency_key_in_use,
  email_not_found,
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
};

web::Response refuse(Problem problem, std::string_view detail,
                     const std::vector<web::FieldProblem>& errors = {});

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
