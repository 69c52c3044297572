#include "cli/suppression_source.h"

#include <algorithm>
#include <memory>

#include <boost/json.hpp>

#include "cli/data_owner.h"
#include "cli/relay_client.h"
#include "config/data_paths.h"
#include "guard/address.h"
#include "io/clock.h"
#include "records/suppression_json.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using records::Suppression;
using Entries = std::vector<Suppression>;

// The relay takes 64 KiB in one request. An entry has some 5 KiB, and 35 KiB when all of it is
// written as escapes.
constexpr size_t request_octets_wanted = 40 << 10;
constexpr size_t entries_at_once_max = 500;

Result<std::unique_ptr<records::Suppressions>> open_database(const config::Config& config) {
  // The relay, under its own user, has to open what is made here.
  TRY_VOID(act_as_owner_of(config.data_dir));
  return records::Suppressions::open(config::DataPaths(config.data_dir).suppressions);
}

// What one answer of the relay said besides its entries.
struct Ending {
  bool ended = false;
  bool complete = false;
  uint64_t added = 0;
};

Result<void> take_line(std::string_view line, const SuppressionTaker& take, Ending& ending) {
  json::error_code error;
  json::value value = json::parse(json::string_view(line.data(), line.size()), error);
  if (error || !value.is_object())
    return failure(ErrorCode::protocol, "the relay's answer is no JSON");
  const json::object& object = value.get_object();
  if (const json::value* refusal = object.if_contains("error"); refusal && refusal->is_string())
    return failure(ErrorCode::invalid_input, std::string(refusal->get_string()));
  if (object.contains("address")) {
    TRY(Suppression entry, records::parse_suppression(object));
    take(entry);
    return {};
  }
  const json::value* complete = object.if_contains("complete");
  const json::value* added = object.if_contains("added");
  ending.ended = true;
  ending.complete = complete && complete->is_bool() && complete->get_bool();
  if (added && added->is_int64()) ending.added = static_cast<uint64_t>(added->get_int64());
  return {};
}

// None when no relay runs.
Result<std::optional<Ending>> ask(const config::Config& config, const json::object& request,
                                  const SuppressionTaker& take) {
  const std::string socket = config::DataPaths(config.data_dir).control_socket;
  Ending ending;
  LineTaker take_one = [&](std::string_view line) { return take_line(line, take, ending); };
  Result<void> answered = ask_relay(socket, json::serialize(request), take_one);
  if (!answered && nobody_listens(answered.error())) return std::nullopt;
  if (!answered && answered.error().code() == ErrorCode::invalid_input)
    return failure(std::move(answered).error());
  if (!answered)
    return failure(std::move(answered).error().while_doing("asking the relay at " + socket));
  if (!ending.ended) return failure(ErrorCode::unavailable, "the relay stopped before it answered");
  return ending;
}

void nothing_to_take(const Suppression&) {}

// As many as fit into one request, from `begin` on, which moves behind them.
json::array take_some(const Entries& entries, size_t& begin) {
  json::array some;
  size_t octets = 0;
  while (begin < entries.size() && some.size() < entries_at_once_max) {
    json::object object = records::to_json(entries[begin]);
    octets += json::serialize(object).size() + 1;
    if (octets > request_octets_wanted && !some.empty()) break;
    some.push_back(std::move(object));
    ++begin;
  }
  return some;
}

Result<uint64_t> add_to_database(const config::Config& config, Entries entries, bool replace) {
  TRY(auto store, open_database(config));
  uint64_t count = 0;
  for (Suppression& entry : entries) TRY_VOID(guard::set_keys(entry));
  TRY(const auto added, store->add(entries, io::SystemClock().wall_now(), replace));
  count += static_cast<uint64_t>(std::count(added.begin(), added.end(), records::Addition::added));
  return count;
}

}  // namespace

Result<bool> list_suppressions(const config::Config& config,
                               const records::SuppressionFilter& filter, uint64_t limit,
                               const SuppressionTaker& take) {
  const uint64_t number_max = INT64_MAX - 1;
  limit = std::min(limit, number_max);
  json::object request{{"command", "suppressions.ls"},
                       {"reason", filter.reason},
                       {"domain", filter.domain},
                       {"limit", static_cast<int64_t>(limit)}};
  if (filter.since) request["since"] = base::to_rfc3339(*filter.since);
  TRY(const auto ending, ask(config, request, take));
  if (ending) return ending->complete;
  TRY(auto store, open_database(config));
  records::SuppressionFilter wanted = filter;
  wanted.domain = guard::domain_key(filter.domain);
  std::optional<records::SuppressionPlace> after;
  while (true) {
    const uint64_t page = std::min<uint64_t>(limit + 1, entries_at_once_max);
    TRY(const Entries entries, store->list(wanted, after, page));
    for (const Suppression& entry : entries) {
      if (limit == 0) return false;
      --limit;
      take(entry);
    }
    if (entries.size() < page) return true;
    after = records::place_of(entries.back());
  }
}

Result<Entries> find_suppressions(const config::Config& config, const std::string& address) {
  TRY(const std::string key, guard::address_key(address));
  Entries found;
  auto take = [&](const Suppression& entry) { found.push_back(entry); };
  TRY(const auto ending,
      ask(config, {{"command", "suppressions.show"}, {"address", address}}, take));
  if (ending) return found;
  TRY(auto store, open_database(config));
  return store->find(key);
}

Result<uint64_t> add_suppressions(const config::Config& config, Entries entries, bool replace) {
  uint64_t added = 0;
  for (size_t begin = 0; begin < entries.size();) {
    const bool first = begin == 0;
    json::object request{{"command", "suppressions.add"}, {"replace", replace}};
    request["entries"] = take_some(entries, begin);
    TRY(const auto ending, ask(config, request, nothing_to_take));
    if (!ending && first) return add_to_database(config, std::move(entries), replace);
    if (!ending)
      return failure(ErrorCode::unavailable, "the relay stopped before all of them were added");
    added += ending->added;
  }
  return added;
}

Result<Entries> remove_suppressions(const config::Config& config, const std::string& address,
                                    const Scoped& scope) {
  TRY(const std::string key, guard::address_key(address));
  json::object request{{"command", "suppressions.rm"}, {"address", address}};
  if (scope) request["scope"] = records::text_of(scope->first, scope->second);
  Entries removed;
  auto take = [&](const Suppression& entry) { removed.push_back(entry); };
  TRY(const auto ending, ask(config, request, take));
  if (ending) return removed;
  TRY(auto store, open_database(config));
  return store->remove(key, scope);
}

}  // namespace waypost::cli
