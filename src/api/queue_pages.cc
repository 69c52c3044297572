#include "api/queue_pages.h"

#include <charconv>
#include <optional>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/problems.h"
#include "api/queue_json.h"

namespace waypost::api {
namespace {

namespace json = boost::json;
using queue::Standing;
using records::Scope;

constexpr size_t page_recipients = 100;
constexpr size_t page_recipients_max = 1000;
// Recipients that one request goes through, whichever tenants they belong to.
constexpr size_t walked_recipients_max = 10'000;

web::Response in_json(const json::value& value) { return {.body = json::serialize(value) + "\n"}; }

struct ListQuery {
  size_t limit = page_recipients;
  std::optional<MessageId> after;
};

std::optional<ListQuery> parse_list(const web::Request& request) {
  auto parameters = web::parse_query(request.query);
  if (!parameters) return std::nullopt;
  ListQuery query;
  for (const auto& [key, value] : *parameters) {
    const char* end = value.data() + value.size();
    if (key == "after") {
      Result<MessageId> after = MessageId::parse(value);
      if (!after) return std::nullopt;
      query.after = *after;
    } else if (key == "limit") {
      const auto [stop, code] = std::from_chars(value.data(), end, query.limit);
      if (code != std::errc() || stop != end || query.limit < 1 ||
          query.limit > page_recipients_max)
        return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  return query;
}

}  // namespace

void QueuePages::add_to(web::Router& router, Access& access) {
  router.on("GET", "/v1/queue", access.route(Scope::read, [this](web::Request request) {
    return list(std::move(request));
  }));
  router.on("GET", "/v1/providers", access.route(Scope::admin, [this](web::Request request) {
    return sites(std::move(request));
  }));
}

// A message is not cut in two, so a page may have some more recipients than its limit.
io::Task<web::Response> QueuePages::list(web::Request request) {
  const std::optional<ListQuery> query = parse_list(request);
  if (!query)
    co_return refuse(Problem::invalid_fields,
                     fmt::format("The query takes \"limit\", 1 to {}, and \"after\", the id of a "
                                 "message.",
                                 page_recipients_max));
  const records::Key& key = Access::key_of(request);
  json::array data;
  std::optional<MessageId> last = query->after;
  size_t walked = 0;
  bool has_more = false;
  queue_.visit_standings(
      [&](const Standing& standing) {
        const bool is_full = data.size() >= query->limit || walked >= walked_recipients_max;
        has_more = is_full && standing.id != last;
        if (has_more) return false;
        last = standing.id;
        ++walked;
        if (Access::may_see(key, standing.tenant)) data.push_back(to_json(standing));
        return true;
      },
      query->after);
  json::object page{{"object", "list"}, {"data", std::move(data)}, {"has_more", has_more}};
  if (has_more) page["next_after"] = last->text();
  if (key.scopes.contains(Scope::admin)) {
    page["messages"] = queue_.messages();
    page["ledger"] = to_json(queue_.ledger());
  }
  co_return in_json(page);
}

io::Task<web::Response> QueuePages::sites(web::Request) {
  json::array data;
  queue_.visit_sites([&](const queue::SiteView& site) { data.push_back(to_json(site)); });
  json::object page{{"object", "list"}, {"data", std::move(data)}, {"has_more", false}};
  co_return in_json(page);
}

}  // namespace waypost::api
