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
  router.on("GET", "/v1/causes",
            access.route(records::Scope::read, [this](web::Request) { return causes(); }));
}

// By the rules that are read, which an admin's own may have replaced.
io::Task<web::Response> ExplainPages::causes() {
  json::array data;
  for (const classify::ClassFacts& facts : classify::reply_classes()) {
    const classify::ClassPage& page = replies_.book().page(facts.id);
    data.push_back({{"cause", facts.slug}, {"title", page.title}, {"meaning", page.meaning}});
  }
  const json::object list{{"object", "list"}, {"data", std::move(data)}, {"has_more", false}};
  co_return web::Response{.body = json::serialize(list) + "\n"};
}

io::Task<web::Response> ExplainPages::explain(web::Request request) {
  auto object = parse_object(request.body);
  if (!object) co_return std::move(object).error();
  std::vector<web::FieldProblem> problems;
  Fields fields(*object, {}, problems);
  const std::string text = fields.text("text", text_octets_max);
  const std::string provider = fields.line("provider", name_octets_max);
  const std::string mx = fields.line("mx", name_octets_max);
  const std::string phase = fields.line("phase", name_octets_max);
  const std::string own_ip = fields.line("our_ip", name_octets_max);
  const std::string own_domain = fields.line("our_domain", name_octets_max);
  if (text.empty() && problems.empty()) fields.note("text", "is missing: what the server said");
  if (!phase.empty() && !smtp::parse_phase(phase)) fields.note("phase", "is none that is known");
  fields.no_more();
  if (auto refusal = refuse_any(problems)) co_return *std::move(refusal);
  const classify::Reading reading = replies_.read(
      {text, provider.empty() ? mx : provider, smtp::parse_phase(phase), own_ip, own_domain});
  const explain::Answer answer = explain::answer(reading, replies_.book());
  json::object page = explain::to_json(answer);
  page["actor"] = answer.actor;
  co_return web::Response{.body = json::serialize(page) + "\n"};
}

}  // namespace waypost::api
