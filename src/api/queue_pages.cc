#include "api/queue_pages.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

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
// Of these, in one turn of the loop.
constexpr size_t turn_recipients_max = 500;
constexpr size_t sites_max = 500;

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

struct QueuePages::Walk {
  const records::Key& key;
  size_t limit;
  std::optional<MessageId> last;
  json::array data = {};
  size_t walked = 0;
  bool has_more = false;
};

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
  Walk walk{key, query->limit, query->after};
  while (go_on(walk)) co_await io::sleep_until(loop_, loop_.now());
  json::object page{
      {"object", "list"}, {"data", std::move(walk.data)}, {"has_more", walk.has_more}};
  if (walk.has_more) page["next_after"] = walk.last->text();
  if (key.scopes.contains(Scope::admin)) {
    page["messages"] = queue_.messages();
    page["ledger"] = to_json(queue_.ledger());
  }
  co_return in_json(page);
}

// One turn: mail goes on before the next. Whether there is one.
bool QueuePages::go_on(Walk& walk) const {
  size_t in_turn = 0;
  bool is_over = true;
  queue_.visit_standings(
      [&](const Standing& standing) {
        const bool is_next = standing.id != walk.last;
        const bool is_full = walk.data.size() >= walk.limit || walk.walked >= walked_recipients_max;
        walk.has_more = is_full && is_next;
        is_over = walk.has_more || !is_next || in_turn < turn_recipients_max;
        if (walk.has_more || !is_over) return false;
        walk.last = standing.id;
        ++walk.walked;
        ++in_turn;
        if (Access::may_see(walk.key, standing.tenant)) walk.data.push_back(to_json(standing));
        return true;
      },
      walk.last);
  return !is_over;
}

// Those that most wait for: of very many the others have nothing to show.
io::Task<web::Response> QueuePages::sites(web::Request) {
  std::vector<std::pair<uint64_t, std::string_view>> busiest;
  queue_.visit_counts(
      [&](const queue::SiteCounts& site) { busiest.emplace_back(site.recipients, site.name); });
  const bool has_more = busiest.size() > sites_max;
  const auto end = busiest.begin() + ptrdiff_t(std::min(busiest.size(), sites_max));
  std::partial_sort(busiest.begin(), end, busiest.end(), std::greater<>());
  json::array data;
  for (auto each = busiest.begin(); each != end; ++each) {
    const auto site = queue_.site(std::string(each->second));
    if (!site) continue;
    json::object object = to_json(*site);
    object["pauses"] = pauses_of(queue_, site->name);
    data.push_back(std::move(object));
  }
  json::object page{{"object", "list"}, {"data", std::move(data)}, {"has_more", has_more}};
  page["unrouted"] = unrouted_recipients(queue_);
  co_return in_json(page);
}

}  // namespace waypost::api
