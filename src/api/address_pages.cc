#include "api/address_pages.h"

#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "api/address_check.h"
#include "api/fields.h"
#include "api/problems.h"
#include "base/utf8.h"
#include "guard/address.h"

namespace waypost::api {
namespace {

namespace json = boost::json;

constexpr uint64_t body_octets_max = 8 * 1024;
constexpr size_t address_octets_max = 1000;  // a longer one is none, and is told so
constexpr size_t running_max = 256;
constexpr Duration patience = std::chrono::seconds(5);  // with DNS: somebody looks at a form

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value() : json::value(base::to_valid_utf8(text));
}

json::object to_json(const AddressCheck& check) {
  json::array reasons;
  for (const AddressReason& reason : check.reasons)
    reasons.push_back(
        json::object{{"reason", reason.id}, {"words", base::to_valid_utf8(reason.words)}});
  return {{"address", text_or_null(check.mailbox ? check.mailbox->text() : "")},
          {"deliverable", check.is_undeliverable ? "no" : "unknown"},
          {"reasons", std::move(reasons)},
          {"did_you_mean", text_or_null(check.meant)},
          {"mail_hosts", name(check.hosts)},
          {"role", check.is_role},
          {"smtputf8", check.mailbox && !check.mailbox->is_ascii()}};
}

}  // namespace

void AddressPages::add_to(web::Router& router, Access& access) {
  router.on(
      "POST", "/v1/addresses/validate",
      access.route_for_any([this](web::Request request) { return validate(std::move(request)); },
                           body_octets_max));
}

io::Task<web::Response> AddressPages::validate(web::Request request) {
  auto body = parse_object(request.body);
  if (!body) co_return std::move(body).error();
  std::vector<web::FieldProblem> problems;
  Fields fields(*body, {}, problems);
  std::string address = fields.text("address", address_octets_max);
  if (address.empty() && problems.empty()) fields.note("address", "is missing");
  fields.no_more();
  if (auto refusal = refuse_any(problems)) co_return *std::move(refusal);
  if (running_ >= running_max) {
    web::Response later = refuse(Problem::try_later, "Too many addresses are checked just now.");
    later.fields.emplace_back("Retry-After", "5");
    co_return later;
  }
  ++running_;
  AddressCheck check =
      co_await check_address(resolver_, std::move(address), loop_.now() + patience);
  --running_;
  const auto& scopes = Access::key_of(request).scopes;
  const bool may_know =
      scopes.contains(records::Scope::read) || scopes.contains(records::Scope::admin);
  bool is_suppressed = false;
  if (may_know && check.mailbox) {
    const std::string key = guard::address_key(*check.mailbox);
    const auto found = list_.find({key, {}, {}}, loop_.wall_now());
    is_suppressed = found.has_value();
    if (found) {
      check.reasons.push_back({"suppressed", "the relay does not write to it: " + found->reason});
      check.is_undeliverable = true;
    }
  }
  json::object object = to_json(check);
  if (may_know) object["suppressed"] = is_suppressed;
  co_return web::Response{.body = json::serialize(object) + "\n"};
}

}  // namespace waypost::api
