#include "api/explain_pages.h"

#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "api/fields.h"
#include "api/problems.h"
#include "explain/answer.h"
#include "explain/reply_json.h"
#include "smtp/attempt_phase.h"

namespace waypost::api {
namespace {

namespace json = boost::json;

constexpr size_t text_octets_max = 16 * 1024;
constexpr size_t name_octets_max = 255;
constexpr uint64_t body_octets_max = 64 * 1024;

}  // namespace

void ExplainPages::add_to(web::Router& router, Access& access) {
  router.on(
      "POST", "/v1/explain",
      access.route(
          records::Scope::read,
          [this](web::Request request) { return explain(std::move(request)); }, body_octets_max));
}

io::Task<web::Response> ExplainPages::explain(web::Request request) {
  auto value = parse_json(request.body);
  if (!value || !value->is_object())
    co_return refuse(Problem::invalid_json,
                     value ? "The body is no JSON object." : value.error().message());
  std::vector<web::FieldProblem> problems;
  Fields fields(value->get_object(), {}, problems);
  const std::string text = fields.text("text", text_octets_max);
  const std::string provider = fields.line("provider", name_octets_max);
  const std::string mx = fields.line("mx", name_octets_max);
  const std::string phase = fields.line("phase", name_octets_max);
  const std::string own_ip = fields.line("our_ip", name_octets_max);
  const std::string own_domain = fields.line("our_domain", name_octets_max);
  if (text.empty() && problems.empty()) fields.note("text", "is missing: what the server said");
  if (!phase.empty() && !smtp::parse_phase(phase)) fields.note("phase", "is none that is known");
  fields.no_more();
  if (!problems.empty())
    co_return refuse(Problem::invalid_fields, problems[0].field + " " + problems[0].message,
                     problems);
  const classify::Reading reading = replies_.read(
      {text, provider.empty() ? mx : provider, smtp::parse_phase(phase), own_ip, own_domain});
  const json::object answer = explain::to_json(explain::answer(reading, replies_.book()));
  co_return web::Response{.body = json::serialize(answer) + "\n"};
}

}  // namespace waypost::api
