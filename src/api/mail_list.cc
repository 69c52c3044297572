#include "api/mail_list.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/mail_json.h"
#include "api/problems.h"
#include "base/ascii.h"

namespace waypost::api {
namespace {

namespace json = boost::json;
using records::FoundMessage;
using records::PagePlace;

constexpr size_t page_messages = 20;
constexpr size_t page_messages_max = 100;
// Messages of the records that one page looks at, one by one: a tenth of a second.
constexpr size_t looked_at_max = 30'000;
// Of those that the records know to wait, the queue is asked about so many messages of a page, and
// so many recipients; and about so many recipients in one turn of the loop.
constexpr size_t asked_messages_max = 1000;
constexpr size_t asked_recipients_max = 20'000;
constexpr size_t turn_recipients_max = 200;

// "2026-11-22T10:00:00.000000Z_" and an id, or none.
std::string text_of(const PagePlace& place) {
  return base::to_rfc3339(place.at) + "_" + (place.id ? place.id->text() : "");
}

Result<PagePlace> parse_place(std::string_view text) {
  const size_t sign = text.find('_');
  if (sign == text.npos) return failure(ErrorCode::invalid_input, "is no cursor");
  PagePlace place;
  TRY(place.at, base::parse_rfc3339(text.substr(0, sign)));
  if (sign + 1 == text.size()) return place;
  TRY(place.id, MessageId::parse(text.substr(sign + 1)));
  return place;
}

// The states of a recipient that a message can be looked for by, as what the records have them, and
// whether only the queue can tell.
struct Status {
  std::string_view name;
  std::string_view recorded;
  bool is_of_queue;
};
constexpr std::array<Status, 9> statuses{{
    {"queued", "queued", true},
    {"throttled", "queued", true},
    {"deferred", "queued", true},
    {"held", "queued", true},
    {"delivered", "delivered", false},
    {"bounced", "bounced", false},
    {"expired", "expired", false},
    {"suppressed", "suppressed", false},
    {"cancelled", "cancelled", false},
}};

const Status* find_status(std::string_view name) {
  const auto found = std::find_if(statuses.begin(), statuses.end(),
                                  [&](const Status& status) { return status.name == name; });
  return found == statuses.end() ? nullptr : found;
}

bool has_status(const std::vector<RecipientState>& recipients, std::string_view status) {
  return std::any_of(recipients.begin(), recipients.end(),
                     [&](const RecipientState& state) { return state.status == status; });
}

// What somebody may type to find a message: its id, its Message-ID, a domain behind an "@", or the
// beginning of a recipient's address.
void take_words(records::Search& search, const std::string& words) {
  if (Result<MessageId> id = MessageId::parse(words))
    search.message = *id;
  else if (words.starts_with('<'))
    search.message_id = words;
  else if (words.starts_with('@'))
    search.domain = words.substr(1);
  else
    search.address_prefix = words;
}

Result<void> take_limit(size_t& limit, const std::string& value) {
  const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), limit);
  if (code == std::errc() && end == value.data() + value.size() && limit >= 1 &&
      limit <= page_messages_max)
    return {};
  return failure(ErrorCode::invalid_input,
                 fmt::format("is no number from 1 to {}", page_messages_max));
}

}  // namespace

Result<void> MailList::take(Query& query, const std::string& key, const std::string& value) {
  records::Search& search = query.search;
  if (key == "address" || key == "domain" || key == "message_id" || key == "class" ||
      key == "host") {
    std::string& into = key == "address"      ? search.address
                        : key == "domain"     ? search.domain
                        : key == "message_id" ? search.message_id
                        : key == "class"      ? search.reply_class
                                              : search.host;
    if (value.empty()) return failure(ErrorCode::invalid_input, "is empty, which selects nothing");
    into = value;
  } else if (key == "q") {
    const std::string words(base::trim(value));
    if (words.empty() || words == "@") return failure(ErrorCode::invalid_input, "is empty");
    take_words(search, words);
  } else if (key == "status") {
    const Status* found = find_status(value);
    if (!found) return failure(ErrorCode::invalid_input, "is no status of an email");
    query.status = value;
    search.state = found->recorded;
  } else if (key == "since") {
    TRY(search.since, base::parse_rfc3339(value));
  } else if (key == "until") {
    TRY(search.until, base::parse_rfc3339(value));
  } else if (key == "before") {
    TRY(search.before, parse_place(value));
  } else if (key == "limit") {
    return take_limit(query.limit, value);
  } else {
    return failure(ErrorCode::invalid_input, "is not known here");
  }
  return {};
}

tl::expected<MailList::Query, web::Response> MailList::parse(const web::Request& request) {
  auto parameters = web::parse_query(request.query);
  if (!parameters)
    return tl::unexpected(refuse(Problem::invalid_fields, "The query cannot be read."));
  Query query{{}, page_messages, {}};
  std::vector<web::FieldProblem> problems;
  for (const auto& [key, value] : *parameters)
    if (Result<void> taken = take(query, key, value); !taken)
      problems.push_back({key, taken.error().message()});
  if (!problems.empty())
    return tl::unexpected(
        refuse(Problem::invalid_fields, problems[0].field + ": " + problems[0].message, problems));
  const records::Key& key = Access::key_of(request);
  if (!key.scopes.contains(records::Scope::admin)) query.search.tenant = key.tenant;
  query.search.with_id = true;
  query.search.looked_at_max = looked_at_max;
  return query;
}

io::Task<Result<records::Found>> MailList::search(records::Search wanted) {
  using Found = Result<records::Found>;
  std::function<Found()> work = [&] {
    return records::search(services_.disk, services_.places, wanted);
  };
  co_return co_await io::run_on<Found>(services_.worker, services_.loop, std::move(work));
}

io::Task<web::Response> MailList::page(web::Request request) {
  auto query = parse(request);
  if (!query) co_return std::move(query).error();
  const std::string status = query->status;
  const Status* known = find_status(status);
  Result<Page> page = failure(ErrorCode::not_found, "");
  if (known && known->is_of_queue)
    page = co_await find_waiting(*std::move(query));
  else
    page = co_await find(*std::move(query));
  if (!page) co_return refuse(Problem::relay_failure, page.error().describe());
  // A page of messages with a thousand recipients each takes its time.
  std::function<web::Response()> work = [&] { return response_of(*page, status); };
  co_return co_await io::run_on<web::Response>(services_.worker, services_.loop, std::move(work));
}

// By what the records know.
io::Task<Result<MailList::Page>> MailList::find(Query query) {
  query.search.detail = records::Detail::summary;
  query.search.messages_max = query.limit + 1;
  CO_TRY(records::Found found, co_await search(std::move(query.search)));
  Page page;
  page.messages = std::move(found.messages);
  std::reverse(page.messages.begin(), page.messages.end());
  page.has_more = found.has_more || found.searched_from || page.messages.size() > query.limit;
  if (page.messages.size() > query.limit)
    page.messages.resize(query.limit);
  else if (found.searched_from)
    page.end = PagePlace{*found.searched_from};
  if (page.has_more && !page.end && !page.messages.empty()) page.end = page.messages.back().place();
  size_t asked = 0;
  for (const FoundMessage& message : page.messages) {
    std::vector<queue::Standing> waiting = services_.queue.standings(*message.id);
    asked += waiting.size();
    page.waiting.emplace(*message.id, std::move(waiting));
    if (asked < turn_recipients_max) continue;
    asked = 0;
    co_await io::sleep_until(services_.loop, services_.loop.now());
  }
  co_return page;
}

// The records know what waits, and the queue how: it is asked about one message after the other.
io::Task<Result<MailList::Page>> MailList::find_waiting(Query query) {
  records::Search summaries;
  summaries.detail = records::Detail::summary;
  summaries.messages_max = query.limit;
  query.search.detail = records::Detail::none;
  query.search.messages_max = asked_messages_max;
  CO_TRY(records::Found found, co_await search(std::move(query.search)));
  Page page;
  page.has_more = found.has_more || found.searched_from;
  size_t looked_at = 0;
  size_t asked = 0;
  size_t asked_in_turn = 0;
  for (auto message = found.messages.rbegin(); message != found.messages.rend(); ++message) {
    if (summaries.ids.size() == query.limit || asked >= asked_recipients_max) {
      page.has_more = true;
      break;
    }
    ++looked_at;
    page.end = message->place();
    std::vector<queue::Standing> waiting = services_.queue.standings(*message->id);
    asked += waiting.size() + 1;
    asked_in_turn += waiting.size() + 1;
    if (has_status(recipient_states(message->events, {}, waiting), query.status)) {
      summaries.ids.push_back(*message->id);
      page.waiting.emplace(*message->id, std::move(waiting));
    }
    if (asked_in_turn < turn_recipients_max) continue;
    asked_in_turn = 0;
    co_await io::sleep_until(services_.loop, services_.loop.now());
  }
  if (found.searched_from && looked_at == found.messages.size())
    page.end = PagePlace{*found.searched_from};
  if (summaries.ids.empty()) co_return page;
  CO_TRY(records::Found shown, co_await search(std::move(summaries)));
  page.messages = std::move(shown.messages);
  std::reverse(page.messages.begin(), page.messages.end());
  co_return page;
}

web::Response MailList::response_of(const Page& page, const std::string& status) {
  json::array data;
  for (const FoundMessage& message : page.messages) {
    const auto& waiting = page.waiting.at(*message.id);
    // The queue may have gone on since the records were written, and they since it was asked.
    const bool is_wanted =
        status.empty() ||
        has_status(recipient_states(message.events, message.recipients, waiting), status);
    if (is_wanted) data.push_back(email_json(message.events, message.recipients, waiting, nullptr));
  }
  json::object answer{{"object", "list"}, {"data", std::move(data)}, {"has_more", page.has_more}};
  if (page.has_more && page.end) answer["next_before"] = text_of(*page.end);
  return {.body = json::serialize(answer) + "\n"};
}

}  // namespace waypost::api
