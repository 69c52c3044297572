#include "api/mail_list.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/fields.h"
#include "api/problems.h"
#include "base/ascii.h"
#include "base/utf8.h"
#include "intake/wishes.h"
#include "records/subject_words.h"

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
constexpr std::array<Status, 11> statuses{{
    {"queued", "queued", true},
    {"throttled", "queued", true},
    {"deferred", "queued", true},
    {"scheduled", "queued", true},
    {"held", "queued", true},
    {"unknown", "queued", true},
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

bool is_of_queue(const std::string& status) { return find_status(status)->is_of_queue; }

// Of whom the records have no end, and the queue nothing that waits.
bool asks_for_unknown(const std::vector<std::string>& wanted) {
  return std::find(wanted.begin(), wanted.end(), "unknown") != wanted.end();
}

// Whether only the queue can tell who is in one of these: of all that wait the records can.
bool needs_queue(const std::vector<std::string>& wanted) {
  const auto of_queue = std::count_if(statuses.begin(), statuses.end(),
                                      [](const Status& status) { return status.is_of_queue; });
  const size_t all = size_t(of_queue) - (asks_for_unknown(wanted) ? 0 : 1);
  return !wanted.empty() && std::all_of(wanted.begin(), wanted.end(), is_of_queue) &&
         wanted.size() < all;
}

// The events that lead to a status, where there are such that do at once.
std::vector<std::string> kinds_of(const std::string& status, std::optional<bool> is_late) {
  if (is_of_queue(status)) return {};
  if (status != "bounced") return {status};
  if (!is_late) return {"bounced", "late_bounced"};
  return {*is_late ? "late_bounced" : "bounced"};
}

Result<bool> parse_choice(const std::string& value) {
  if (value != "true" && value != "false")
    return failure(ErrorCode::invalid_input, "is neither true nor false");
  return value == "true";
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

// A whole address, or a domain with or without its "@".
void take_sender(records::Search& search, const std::string& value) {
  const size_t sign = value.rfind('@');
  if (sign == value.npos || sign == 0)
    search.sender_domain = value.substr(sign + 1);
  else
    search.sender = value;
}

// "kind", "kind=invoice" or "kind:invoice".
Result<void> take_tag(records::Search& search, const std::string& value) {
  const size_t sign = value.find_first_of("=:");
  const bool is_tag = intake::is_tag_part(value.substr(0, sign)) &&
                      (sign == value.npos || intake::is_tag_part(value.substr(sign + 1)));
  if (!is_tag)
    return failure(ErrorCode::invalid_input,
                   "is no tag such as kind or kind=invoice, of A-Z a-z "
                   "0-9 _ -");
  search.tag = value;
  if (sign != value.npos) search.tag[sign] = '=';
  return {};
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

bool MailList::Query::asks_for(const std::vector<RecipientState>& recipients) const {
  return std::any_of(recipients.begin(), recipients.end(), [&](const RecipientState& state) {
    const bool in_time = !is_late || state.status != "bounced" || state.is_late == *is_late;
    return in_time && std::find(statuses.begin(), statuses.end(), state.status) != statuses.end();
  });
}

Result<void> MailList::take_status(Query& query, const std::string& value) {
  std::vector<std::string>& states = query.search.states;
  for (size_t begin = 0; begin <= value.size();) {
    const size_t end = std::min(value.find(',', begin), value.size());
    const std::string name = value.substr(begin, end - begin);
    const Status* found = find_status(name);
    if (!found) return failure(ErrorCode::invalid_input, "is no status of an email");
    const std::string state(found->recorded);
    if (std::find(states.begin(), states.end(), state) == states.end()) states.push_back(state);
    auto& names = query.statuses;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    begin = end + 1;
  }
  return {};
}

// What is asked of one of its events.
Result<void> MailList::take_event(Query& query, const std::string& key, const std::string& value) {
  records::Search& search = query.search;
  if (key == "happened_since") {
    TRY(search.happened_since, parse_query_time(value));
  } else if (key == "provider") {
    if (value.empty()) return failure(ErrorCode::invalid_input, "is empty, which selects nothing");
    search.site = value;
  } else if (key == "direction") {
    if (value != "sent" && value != "notice" && value != "inbound")
      return failure(ErrorCode::invalid_input, "is none of sent, notice, inbound");
    search.direction = value;
  } else if (key == "late") {
    TRY(query.is_late, parse_choice(value));
  } else if (key == "complained") {
    TRY(const bool wanted, parse_choice(value));
    if (!wanted) return failure(ErrorCode::invalid_input, "can only be true");
    search.came_back = "complained";
  } else {
    return failure(ErrorCode::invalid_input, "is not known here");
  }
  return {};
}

// What its sender made it.
Result<bool> MailList::take_label(Query& query, const std::string& key, const std::string& value) {
  records::Search& search = query.search;
  if (key == "tag") {
    TRY_VOID(take_tag(search, value));
  } else if (key == "from") {
    if (value.empty() || value == "@")
      return failure(ErrorCode::invalid_input, "is empty, which selects nothing");
    take_sender(search, value);
  } else if (key == "subject") {
    search.subject = base::to_valid_utf8(value);
    if (records::sought_words(search.subject).empty())
      return failure(ErrorCode::invalid_input, "has no word to look for");
  } else {
    return false;
  }
  return true;
}

Result<void> MailList::take(Query& query, const std::string& key, const std::string& value) {
  records::Search& search = query.search;
  TRY(const bool is_label, take_label(query, key, value));
  if (is_label) return {};
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
    return take_status(query, value);
  } else if (key == "since") {
    TRY(search.since, parse_query_time(value));
  } else if (key == "until") {
    TRY(search.until, parse_query_time(value));
  } else if (key == "before") {
    TRY(search.before, parse_place(value));
  } else if (key == "limit") {
    return take_limit(query.limit, value);
  } else {
    return take_event(query, key, value);
  }
  return {};
}

// A message with a recipient in one of the states may have the class, the provider or the time by
// another one's events: those are asked for that lead to the state.
void MailList::ask_for_events(Query& query) {
  records::Search& search = query.search;
  if (search.states.size() == 1) search.state = std::exchange(search.states, {}).front();
  const bool asks_for_more =
      !search.reply_class.empty() || !search.site.empty() || search.happened_since || query.is_late;
  if (!search.came_back.empty()) search.kinds = {search.came_back};
  if (!asks_for_more || !search.came_back.empty()) return;
  for (const std::string& status : query.statuses) {
    const std::vector<std::string> kinds = kinds_of(status, query.is_late);
    // What waits came to that by no one event.
    if (kinds.empty()) return search.kinds.clear();
    search.kinds.insert(search.kinds.end(), kinds.begin(), kinds.end());
  }
}

tl::expected<MailList::Query, web::Response> MailList::parse(const web::Request& request) {
  auto parameters = web::parse_query(request.query);
  if (!parameters)
    return tl::unexpected(refuse(Problem::invalid_fields, "The query cannot be read."));
  Query query{{}, page_messages, {}, {}};
  std::vector<web::FieldProblem> problems;
  for (const auto& [key, value] : *parameters)
    if (Result<void> taken = take(query, key, value); !taken)
      problems.push_back({key, taken.error().message()});
  const bool can_be_late =
      std::find(query.statuses.begin(), query.statuses.end(), "bounced") != query.statuses.end();
  if (query.is_late && !can_be_late)
    problems.push_back({"late", "needs status=bounced: only what bounced can be late"});
  if (!problems.empty())
    return tl::unexpected(
        refuse(Problem::invalid_fields, problems[0].field + ": " + problems[0].message, problems));
  const records::Key& key = Access::key_of(request);
  if (!key.scopes.contains(records::Scope::admin)) query.search.tenant = key.tenant;
  ask_for_events(query);
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
  const Query asked = *query;
  Result<Page> page = failure(ErrorCode::not_found, "");
  if (needs_queue(asked.statuses))
    page = co_await find_waiting(*std::move(query));
  else
    page = co_await find(*std::move(query));
  if (!page) co_return refuse(Problem::relay_failure, page.error().describe());
  // A page of messages with a thousand recipients each takes its time.
  std::function<web::Response()> work = [&] { return response_of(*page, asked); };
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
  CO_TRY_VOID(co_await look_again(page));
  co_return page;
}

// Whether an end is not in the records, yet or for good.
bool MailList::lacks_an_end(const FoundMessage& message,
                            const std::vector<queue::Standing>& waiting) const {
  if (message.at >= run_began_) return false;
  if (message.recipients.empty())
    return has_unknown(recipient_states(message.events, {}, waiting, run_began_));
  const auto known_to_wait =
      std::count_if(message.recipients.begin(), message.recipients.end(),
                    [](const auto& recipient) { return recipient.state == "queued"; });
  return size_t(known_to_wait) > waiting.size();
}

// What waited at the start and has just ended has its end in the records in a moment.
io::Task<Result<void>> MailList::look_again(Page& page) {
  std::vector<MessageId> behind;
  for (const FoundMessage& message : page.messages)
    if (lacks_an_end(message, page.waiting.at(*message.id))) behind.push_back(*message.id);
  if (behind.empty()) co_return Result<void>();
  co_await io::sleep_until(services_.loop, services_.loop.now() + records_are_behind);
  records::Search wanted;
  wanted.detail = records::Detail::summary;
  wanted.messages_max = behind.size();
  wanted.ids = std::move(behind);
  CO_TRY(records::Found found, co_await search(std::move(wanted)));
  for (FoundMessage& newer : found.messages)
    for (FoundMessage& message : page.messages)
      if (message.id == newer.id) message = std::move(newer);
  co_return Result<void>();
}

// The same, without what the records tell of it.
bool MailList::may_lack_an_end(const FoundMessage& message,
                               const std::vector<queue::Standing>& waiting) const {
  if (message.at >= run_began_) return false;
  const auto envelope = services_.queue.envelope(*message.id);
  return !envelope || waiting.size() < envelope->recipients.size();
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
    const bool may_be_unknown =
        asks_for_unknown(query.statuses) && may_lack_an_end(*message, waiting);
    if (may_be_unknown || query.asks_for(recipient_states(message->events, {}, waiting))) {
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
  CO_TRY_VOID(co_await look_again(page));
  co_return page;
}

web::Response MailList::response_of(const Page& page, const Query& query) const {
  json::array data;
  for (const FoundMessage& message : page.messages) {
    const auto& waiting = page.waiting.at(*message.id);
    // The queue may have gone on since the records were written, and they since it was asked.
    const bool is_wanted =
        query.statuses.empty() ||
        query.asks_for(recipient_states(message.events, message.recipients, waiting, run_began_));
    if (is_wanted)
      data.push_back(email_json(message.events, message.recipients, waiting, nullptr, run_began_));
  }
  json::object answer{{"object", "list"}, {"data", std::move(data)}, {"has_more", page.has_more}};
  if (page.has_more && page.end) answer["next_before"] = text_of(*page.end);
  return {.body = json::serialize(answer) + "\n"};
}

}  // namespace waypost::api
