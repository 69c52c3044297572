#include "daemon/suppression_control.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "guard/address.h"
#include "records/suppression_json.h"

namespace waypost::daemon {
namespace {

namespace json = boost::json;
using Entries = guard::Suppressions::Entries;

// Entries that are read and sent before other work gets its turn.
constexpr uint64_t page_entries = 500;
// A request has room for some hundreds.
constexpr size_t added_at_once_max = 1000;

std::string lines_of(const Entries& entries) {
  std::string lines;
  for (const records::Suppression& entry : entries)
    lines += json::serialize(records::to_json(entry)) + "\n";
  return lines;
}

Result<std::string> text_at(const json::object& request, std::string_view key) {
  const json::value* value = request.if_contains(json::string_view(key.data(), key.size()));
  if (!value) return std::string();
  if (!value->is_string())
    return failure(ErrorCode::invalid_input, fmt::format("\"{}\" is no text", key));
  return std::string(value->get_string());
}

struct ListRequest {
  records::SuppressionFilter filter;
  uint64_t limit = 0;
};

Result<ListRequest> parse_list(const json::object& request) {
  ListRequest parsed;
  TRY(parsed.filter.reason, text_at(request, "reason"));
  TRY(std::string domain, text_at(request, "domain"));
  parsed.filter.domain = guard::domain_key(domain);
  TRY(std::string since, text_at(request, "since"));
  if (!since.empty()) {
    TRY(parsed.filter.since, base::parse_rfc3339(since));
  }
  const json::value* limit = request.if_contains("limit");
  parsed.limit = limit && limit->is_int64() && limit->get_int64() >= 0
                     ? static_cast<uint64_t>(limit->get_int64())
                     : UINT64_MAX;
  return parsed;
}

Result<Entries> parse_entries(const json::object& request) {
  const json::value* list = request.if_contains("entries");
  if (!list || !list->is_array() || list->get_array().size() > added_at_once_max)
    return failure(ErrorCode::invalid_input,
                   fmt::format("\"entries\" is no list of {} at most", added_at_once_max));
  Entries entries;
  for (const json::value& one : list->get_array()) {
    if (!one.is_object()) return failure(ErrorCode::invalid_input, "an entry is no object");
    TRY(records::Suppression entry, records::parse_suppression(one.get_object()));
    TRY_VOID(guard::set_keys(entry));
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<guard::Scoped> parse_scope(const json::object& request) {
  TRY(std::string scope, text_at(request, "scope"));
  if (scope.empty()) return std::nullopt;
  TRY(auto parsed, records::parse_scope_text(scope));
  if (parsed.first == records::SuppressionScope::sender_domain)
    parsed.second = guard::domain_key(parsed.second);
  return std::optional(std::move(parsed));
}

Result<std::string> parse_key(const json::object& request) {
  TRY(std::string address, text_at(request, "address"));
  return guard::address_key(address);
}

}  // namespace

void SuppressionControl::answer_at(ControlServer& server) {
  auto on = [&](const char* command, auto method) {
    server.on(command, [this, method](json::object request, ControlAnswer& answer) {
      return (this->*method)(std::move(request), answer);
    });
  };
  on("suppressions.ls", &SuppressionControl::list);
  on("suppressions.show", &SuppressionControl::show);
  on("suppressions.add", &SuppressionControl::add);
  on("suppressions.rm", &SuppressionControl::remove);
}

io::Task<void> SuppressionControl::list(json::object request, ControlAnswer& answer) {
  auto wanted = parse_list(request);
  if (!wanted) {
    co_await answer.refuse(wanted.error().message());
    co_return;
  }
  std::optional<records::SuppressionPlace> after;
  uint64_t left = wanted->limit;
  bool complete = false;
  while (!complete) {
    // One more shows whether there are more.
    const uint64_t page = left < page_entries ? left + 1 : page_entries;
    auto entries = co_await list_.list(loop_, wanted->filter, after, page);
    if (!entries) {
      co_await answer.refuse(entries.error().describe());
      co_return;
    }
    complete = entries->size() < page;
    const bool cut = entries->size() > left;
    if (cut) entries->resize(left);
    left -= entries->size();
    if (!entries->empty()) after = records::place_of(entries->back());
    std::string lines = lines_of(*entries);
    bool there = co_await answer.write(std::move(lines));
    if (!there) co_return;
    if (cut) break;
  }
  json::object end{{"end", true}, {"complete", complete}, {"total", list_.size()}};
  co_await answer.write_object(std::move(end));
}

io::Task<void> SuppressionControl::show(json::object request, ControlAnswer& answer) {
  auto key = parse_key(request);
  if (!key) {
    co_await answer.refuse(key.error().message());
    co_return;
  }
  auto entries = co_await list_.look_up(loop_, *std::move(key));
  if (!entries) {
    co_await answer.refuse(entries.error().describe());
    co_return;
  }
  std::string lines = lines_of(*entries);
  co_await answer.write(std::move(lines));
  json::object end{{"end", true}, {"complete", true}, {"total", list_.size()}};
  co_await answer.write_object(std::move(end));
}

io::Task<void> SuppressionControl::add(json::object request, ControlAnswer& answer) {
  auto entries = parse_entries(request);
  if (!entries) {
    co_await answer.refuse(entries.error().message());
    co_return;
  }
  const json::value* replace = request.if_contains("replace");
  const bool replaces = replace && replace->is_bool() && replace->get_bool();
  auto added = co_await list_.add(loop_, *std::move(entries), replaces);
  if (!added) {
    co_await answer.refuse(added.error().describe());
    co_return;
  }
  json::object object{{"added", *added}, {"total", list_.size()}};
  co_await answer.write_object(std::move(object));
}

io::Task<void> SuppressionControl::remove(json::object request, ControlAnswer& answer) {
  auto key = parse_key(request);
  auto scope = parse_scope(request);
  if (!key || !scope) {
    co_await answer.refuse(!key ? key.error().message() : scope.error().message());
    co_return;
  }
  auto removed = co_await list_.remove(loop_, *std::move(key), *std::move(scope));
  if (!removed) {
    co_await answer.refuse(removed.error().describe());
    co_return;
  }
  std::string lines = lines_of(*removed);
  co_await answer.write(std::move(lines));
  json::object end{{"end", true}, {"complete", true}, {"total", list_.size()}};
  co_await answer.write_object(std::move(end));
}

}  // namespace waypost::daemon
