#include "api/suppression_pages.h"

#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/fields.h"
#include "api/problems.h"
#include "guard/address.h"
#include "records/suppression_json.h"
#include "sasl/base64.h"

namespace waypost::api {
namespace {

namespace json = boost::json;
using Entries = guard::Suppressions::Entries;
using records::Scope;
using records::Suppression;

constexpr uint64_t page_entries = 100;
constexpr uint64_t page_entries_max = 1000;
constexpr uint64_t body_octets_max = 8 * 1024;
constexpr size_t cursor_octets_max = 2000;
constexpr size_t evidence_octets_max = size_t{4} * records::suppression_evidence_octets_max;

web::Response in_json(const json::value& value) { return {.body = json::serialize(value) + "\n"}; }

// The list is one for all tenants: what was said to one of them, and by whom an address came, is
// for keys that may see them all.
json::object page_of(const Entries& entries, const records::Key& key) {
  json::array data;
  for (const Suppression& entry : entries) {
    json::object object = records::to_json(entry);
    if (!key.scopes.contains(Scope::admin))
      for (const char* member : {"who", "message", "evidence"}) object.erase(member);
    data.push_back(std::move(object));
  }
  return {{"object", "list"}, {"data", std::move(data)}, {"has_more", false}};
}

web::Response failed(const Error& error) {
  if (error.code() == ErrorCode::invalid_input)
    return refuse(Problem::invalid_fields, error.message());
  return refuse(Problem::relay_failure, error.describe());
}

// Opaque, since a key is nothing that a client should make.
std::string text_of(const records::SuppressionPlace& place) {
  return sasl::base64_encode(place.key + '\n' + place.scope);
}

Result<records::SuppressionPlace> parse_place(const std::string& text) {
  TRY(const std::string decoded, sasl::base64_decode(text, cursor_octets_max));
  const size_t end = decoded.find('\n');
  if (end == decoded.npos) return failure(ErrorCode::invalid_input, "\"after\" is no cursor");
  return records::SuppressionPlace{decoded.substr(0, end), decoded.substr(end + 1)};
}

// People are shown it, so that it is one line, as the reason of a pause is. What the relay itself
// notes here are words of servers, which are kept octet by octet.
std::optional<web::Response> refuse_evidence(const json::object& body) {
  std::vector<web::FieldProblem> problems;
  Fields fields(body, {}, problems);
  fields.line("evidence", evidence_octets_max);
  return refuse_any(problems);
}

struct ListQuery {
  records::SuppressionFilter filter;
  std::optional<records::SuppressionPlace> after;
  uint64_t limit = page_entries;
};

Result<ListQuery> parse_list(const web::Request& request) {
  auto parameters = web::parse_query(request.query);
  if (!parameters) return failure(ErrorCode::invalid_input, "The query cannot be read.");
  ListQuery query;
  for (const auto& [key, value] : *parameters) {
    const char* end = value.data() + value.size();
    if (key == "reason") {
      query.filter.reason = value;
    } else if (key == "domain") {
      query.filter.domain = guard::domain_key(value);
    } else if (key == "since") {
      TRY(query.filter.since, parse_query_time(value));
    } else if (key == "after") {
      TRY(query.after, parse_place(value));
    } else if (key == "limit") {
      const auto [stop, code] = std::from_chars(value.data(), end, query.limit);
      if (code != std::errc() || stop != end || query.limit < 1 || query.limit > page_entries_max)
        return failure(ErrorCode::invalid_input,
                       fmt::format("\"limit\" is no number from 1 to {}", page_entries_max));
    } else {
      return failure(ErrorCode::invalid_input, "\"" + key + "\" is not known here");
    }
  }
  return query;
}

}  // namespace

void SuppressionPages::add_to(web::Router& router, Access& access) {
  const auto on = [&](const char* method, const char* path, Scope scope, auto handler,
                      uint64_t octets_max = 0) {
    router.on(
        method, path,
        access.route(
            scope,
            [this, handler](web::Request request) { return (this->*handler)(std::move(request)); },
            octets_max));
  };
  on("GET", "/v1/suppressions", Scope::admin, &SuppressionPages::list);
  on("GET", "/v1/suppressions/{address}", Scope::read, &SuppressionPages::show);
  on("PUT", "/v1/suppressions/{address}", Scope::admin, &SuppressionPages::put, body_octets_max);
  on("DELETE", "/v1/suppressions/{address}", Scope::admin, &SuppressionPages::remove);
}

io::Task<web::Response> SuppressionPages::list(web::Request request) {
  auto query = parse_list(request);
  if (!query) co_return failed(query.error());
  // One more shows whether there are more.
  auto entries = co_await list_.list(loop_, query->filter, query->after, query->limit + 1);
  if (!entries) co_return failed(entries.error());
  const bool has_more = entries->size() > query->limit;
  if (has_more) entries->resize(query->limit);
  json::object page = page_of(*entries, Access::key_of(request));
  page["has_more"] = has_more;
  page["total"] = list_.size();
  if (has_more) page["next_after"] = text_of(records::place_of(entries->back()));
  co_return in_json(page);
}

io::Task<web::Response> SuppressionPages::show(web::Request request) {
  auto key = guard::address_key(request.parameters["address"]);
  if (!key) co_return failed(key.error());
  auto entries = co_await list_.look_up(loop_, *std::move(key));
  if (!entries) co_return failed(entries.error());
  if (entries->empty())
    co_return refuse(Problem::suppression_not_found, "Nothing keeps mail from this address.");
  json::object page = page_of(*entries, Access::key_of(request));
  co_return in_json(page);
}

// The body is optional: {"reason", "scope", "evidence", "expires"}.
io::Task<web::Response> SuppressionPages::put(web::Request request) {
  json::object object;
  if (!request.body.empty()) {
    auto parsed = parse_object(request.body);
    if (!parsed) co_return std::move(parsed).error();
    object = *std::move(parsed);
  }
  if (object.contains("address") || object.contains("who") || object.contains("since"))
    co_return refuse(Problem::invalid_fields,
                     "The path has the address; \"who\" and \"since\" are the relay's to write.");
  if (auto refused = refuse_evidence(object)) co_return *std::move(refused);
  if (!object.contains("reason")) object["reason"] = "by-hand";
  object["address"] = request.parameters["address"];
  object["who"] = "key " + Access::key_of(request).name;
  object["since"] = base::to_rfc3339(loop_.wall_now());
  auto entry = records::parse_suppression(object);
  if (!entry) co_return failed(entry.error());
  Result<void> keyed = guard::set_keys(*entry);
  if (!keyed) co_return failed(keyed.error());
  Entries entries{*entry};
  auto added = co_await list_.add(loop_, std::move(entries), true);
  if (!added) co_return failed(added.error());
  co_return in_json(records::to_json(*entry));
}

io::Task<web::Response> SuppressionPages::remove(web::Request request) {
  auto key = guard::address_key(request.parameters["address"]);
  if (!key) co_return failed(key.error());
  auto removed = co_await list_.remove(loop_, *std::move(key), std::nullopt);
  if (!removed) co_return failed(removed.error());
  if (removed->empty())
    co_return refuse(Problem::suppression_not_found, "Nothing keeps mail from this address.");
  json::object page = page_of(*removed, Access::key_of(request));
  co_return in_json(page);
}

}  // namespace waypost::api
