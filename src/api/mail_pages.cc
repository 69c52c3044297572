#include "api/mail_pages.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/mail_json.h"
#include "api/problems.h"
#include "base/ascii.h"
#include "base/utf8.h"
#include "io/digest.h"
#include "records/transcripts.h"

namespace waypost::api {
namespace {

namespace json = boost::json;
using events::Event;
using records::Scope;

constexpr size_t page_messages = 20;
constexpr size_t page_messages_max = 100;

std::optional<MessageId> id_of(const web::Request& request) {
  auto found = request.parameters.find("id");
  if (found == request.parameters.end()) return std::nullopt;
  Result<MessageId> id = MessageId::parse(found->second);
  return id ? std::optional(*id) : std::nullopt;
}

web::Response not_there() {
  return refuse(Problem::email_not_found,
                "No message with this id is in the queue or in the records of your tenant.");
}

web::Response in_json(const json::value& value) { return {.body = json::serialize(value) + "\n"}; }

// Where a page ends: the time of its oldest message. Messages of one microsecond are told apart by
// digests of their ids, which say nothing of a message that may be another tenant's.
struct Place {
  WallTime at;
  std::string id;
};

std::string text_of(const Place& place) { return base::to_rfc3339(place.at) + "_" + place.id; }

Result<Place> parse_place(std::string_view text) {
  const size_t sign = text.find('_');
  if (sign == text.npos) return failure(ErrorCode::invalid_input, "it is no cursor");
  TRY(WallTime at, base::parse_rfc3339(text.substr(0, sign)));
  return Place{at, std::string(text.substr(sign + 1))};
}

Place place_of(const records::FoundMessage& message) {
  constexpr size_t digits = 16;
  io::Digest digest;
  if (message.id) digest.add(message.id->text());
  return {message.events.empty() ? WallTime() : message.events.front().at,
          digest.hex().substr(0, digits)};
}

struct Placed {
  Place place;
  records::FoundMessage* message;
};

// Newest first. The records have them in the order in which they were told of.
std::vector<Placed> in_order(std::vector<records::FoundMessage>& messages) {
  std::vector<Placed> all;
  for (records::FoundMessage& message : messages) all.push_back({place_of(message), &message});
  std::sort(all.begin(), all.end(), [](const Placed& one, const Placed& other) {
    return std::tie(one.place.at, one.place.id) > std::tie(other.place.at, other.place.id);
  });
  return all;
}

// A message of a page, and those of its recipients that wait.
struct Shown {
  const records::FoundMessage* message;
  std::vector<queue::Standing> waiting;
};

// The records know less of what waits than the queue, and learn of the rest a moment later.
bool has_status(const Shown& email, std::string_view status) {
  if (status.empty()) return true;
  const auto recipients = recipient_states(email.message->events, email.waiting);
  return std::any_of(recipients.begin(), recipients.end(),
                     [&](const RecipientState& state) { return state.status == status; });
}

web::Response page_of(const std::vector<Shown>& emails, bool has_more,
                      const std::string& next_before) {
  json::array data;
  for (const Shown& email : emails)
    data.push_back(email_json(email.message->events, email.waiting, nullptr));
  json::object page{{"object", "list"}, {"data", std::move(data)}, {"has_more", has_more}};
  if (!next_before.empty()) page["next_before"] = next_before;
  return in_json(page);
}

struct ListQuery {
  records::Search search;
  size_t limit = page_messages;
  std::optional<Place> before;
  std::string status;  // of a recipient; empty: any
};

// The states of a recipient that a message can be looked for by, and as what the records have them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> states{{
    {"queued", "queued"},
    {"throttled", "queued"},
    {"deferred", "queued"},
    {"held", "queued"},
    {"delivered", "delivered"},
    {"bounced", "bounced"},
    {"expired", "expired"},
    {"suppressed", "suppressed"},
    {"cancelled", "cancelled"},
}};

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

Result<void> take(ListQuery& query, const std::string& key, const std::string& value) {
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
    const auto found = std::find_if(states.begin(), states.end(),
                                    [&](const auto& state) { return state.first == value; });
    if (found == states.end()) return failure(ErrorCode::invalid_input, "is no status of an email");
    query.status = value;
    search.state = found->second;
  } else if (key == "since") {
    TRY(search.since, base::parse_rfc3339(value));
  } else if (key == "until") {
    TRY(search.until, base::parse_rfc3339(value));
  } else if (key == "before") {
    TRY(query.before, parse_place(value));
  } else if (key == "limit") {
    const auto [end, code] =
        std::from_chars(value.data(), value.data() + value.size(), query.limit);
    if (code != std::errc() || end != value.data() + value.size() || query.limit < 1 ||
        query.limit > page_messages_max)
      return failure(ErrorCode::invalid_input,
                     fmt::format("is no number from 1 to {}", page_messages_max));
  } else {
    return failure(ErrorCode::invalid_input, "is not known here");
  }
  return {};
}

tl::expected<ListQuery, web::Response> parse_list(const web::Request& request) {
  auto parameters = web::parse_query(request.query);
  if (!parameters)
    return tl::unexpected(refuse(Problem::invalid_fields, "The query cannot be read."));
  ListQuery query;
  std::vector<web::FieldProblem> problems;
  for (const auto& [key, value] : *parameters)
    if (Result<void> taken = take(query, key, value); !taken)
      problems.push_back({key, taken.error().message()});
  if (!problems.empty())
    return tl::unexpected(
        refuse(Problem::invalid_fields, problems[0].field + ": " + problems[0].message, problems));
  if (query.before) {
    const WallTime until = query.before->at + std::chrono::microseconds(1);
    query.search.until = query.search.until ? std::min(*query.search.until, until) : until;
  }
  // Those of the cursor's own microsecond come again.
  query.search.messages_max = query.limit + page_messages_max;
  return query;
}

}  // namespace

void MailPages::add_to(web::Router& router, Access& access) {
  const auto on = [&](const char* method, const char* path, Scope scope, auto handler) {
    router.on(method, path, access.route(scope, [this, handler](web::Request request) {
      return (this->*handler)(std::move(request));
    }));
  };
  on("GET", "/v1/emails", Scope::read, &MailPages::list);
  on("GET", "/v1/emails/{id}", Scope::read, &MailPages::show);
  on("GET", "/v1/emails/{id}/raw", Scope::read, &MailPages::raw);
  on("GET", "/v1/emails/{id}/transcripts", Scope::read, &MailPages::transcripts);
  const auto act_on = [&](const std::string& verb, queue::Act what) {
    router.on("POST", "/v1/emails/{id}/" + verb,
              access.route(Scope::admin, [this, what](web::Request request) {
                return act(what, std::move(request));
              }));
  };
  act_on("retry", queue::Act::retry);
  act_on("cancel", queue::Act::cancel);
  act_on("hold", queue::Act::hold);
  act_on("release", queue::Act::release);
}

io::Task<MailPages::Found> MailPages::search(records::Search wanted) {
  std::function<Found()> work = [&] {
    return records::search(services_.disk, services_.places, wanted);
  };
  co_return co_await io::run_on<Found>(services_.worker, services_.loop, std::move(work));
}

io::Task<web::Response> MailPages::list(web::Request request) {
  auto query = parse_list(request);
  if (!query) co_return std::move(query).error();
  Found found = co_await search(query->search);
  if (!found) co_return refuse(Problem::relay_failure, found.error().describe());
  const records::Key& key = Access::key_of(request);
  std::vector<Shown> emails;
  bool has_more = found->has_more;
  std::optional<Place> last;
  for (auto& [place, message] : in_order(found->messages)) {
    if (query->before &&
        std::tie(place.at, place.id) >= std::tie(query->before->at, query->before->id))
      continue;
    if (emails.size() == query->limit) {
      has_more = true;
      break;
    }
    last = std::move(place);
    if (!message->id || message->events.empty() ||
        !Access::may_see(key, message->events.front().tenant))
      continue;
    Shown shown{message, services_.queue.standings(*message->id)};
    if (has_status(shown, query->status)) emails.push_back(std::move(shown));
  }
  std::string next_before;
  if (has_more && last) next_before = text_of(*last);
  // A page of messages with a thousand recipients each takes its time.
  std::function<web::Response()> work = [&] { return page_of(emails, has_more, next_before); };
  co_return co_await io::run_on<web::Response>(services_.worker, services_.loop, std::move(work));
}

// The records are written a moment after the queue knows.
io::Task<tl::expected<MailPages::Events, web::Response>> MailPages::events_of(
    const web::Request& request) {
  const std::optional<MessageId> id = id_of(request);
  if (!id) co_return tl::unexpected(not_there());
  records::Search wanted;
  wanted.message = *id;
  Found found = co_await search(std::move(wanted));
  if (!found) co_return tl::unexpected(refuse(Problem::relay_failure, found.error().describe()));
  Events events;
  if (!found->messages.empty()) events = std::move(found->messages.front().events);
  if (events.empty() || events.front().kind == events::EventKind::rejected) {
    if (auto envelope = services_.queue.envelope(*id)) {
      Event accepted;
      accepted.at = envelope->accepted_at;
      accepted.message = envelope->id;
      accepted.tenant = envelope->tenant;
      accepted.stream = envelope->stream;
      accepted.tags = envelope->tags;
      accepted.metadata = envelope->metadata;
      accepted.sender = envelope->sender ? envelope->sender->text() : std::string();
      for (const smtp::Mailbox& recipient : envelope->recipients)
        accepted.recipients.push_back(recipient.text());
      accepted.login = envelope->login;
      accepted.message_id = envelope->message_id;
      accepted.size_octets = envelope->size_octets;
      events.insert(events.begin(), std::move(accepted));
    }
  }
  if (events.empty() || !Access::may_see(Access::key_of(request), events.front().tenant))
    co_return tl::unexpected(not_there());
  co_return events;
}

io::Task<web::Response> MailPages::show(web::Request request) {
  auto events = co_await events_of(request);
  if (!events) co_return std::move(events).error();
  const MessageId id = *id_of(request);
  json::object email = email_json(*events, services_.queue.standings(id), &services_.replies);
  email["id"] = id.text();
  std::function<web::Response()> work = [&] {
    json::array timeline;
    for (const Event& event : *events) timeline.push_back(event_json(event));
    email["timeline"] = std::move(timeline);
    return in_json(email);
  };
  co_return co_await io::run_on<web::Response>(services_.worker, services_.loop, std::move(work));
}

io::Task<web::Response> MailPages::raw(web::Request request) {
  auto events = co_await events_of(request);
  if (!events) co_return std::move(events).error();
  const MessageId id = *id_of(request);
  const auto envelope = services_.queue.envelope(id);
  web::Response response;
  response.content_type = "message/rfc822";
  // A browser keeps it, and shows nothing of it.
  response.fields.emplace_back("Content-Disposition",
                               "attachment; filename=\"" + id.text() + ".eml\"");
  // It may have gone meanwhile.
  Result<std::string> first = failure(ErrorCode::not_found, "");
  if (envelope) first = co_await services_.spool.read_chunk(id, 0);
  if (!first && first.error().code() == ErrorCode::not_found)
    co_return refuse(Problem::content_gone, "All its recipients are settled.");
  if (!first) co_return refuse(Problem::relay_failure, first.error().describe());
  // By which a client sees that one ended early.
  response.fields.emplace_back("Content-Length", std::to_string(envelope->size_octets));
  auto shared = std::make_shared<std::string>(*std::move(first));
  response.stream = [this, id, chunks = envelope->chunks, shared](web::BodyStream& to) {
    return write_chunks(id, chunks, std::move(*shared), to);
  };
  co_return response;
}

// Piece by piece: one of a slow client takes no more memory than a chunk.
io::Task<void> MailPages::write_chunks(MessageId id, uint32_t chunks, std::string first,
                                       web::BodyStream& to) {
  Result<void> written = co_await to.write(std::move(first));
  for (uint32_t index = 1; written && index < chunks; ++index) {
    Result<std::string> chunk = co_await services_.spool.read_chunk(id, index);
    if (!chunk) co_return;
    written = co_await to.write(*std::move(chunk));
  }
}

io::Task<web::Response> MailPages::transcripts(web::Request request) {
  auto events = co_await events_of(request);
  if (!events) co_return std::move(events).error();
  const MessageId id = *id_of(request);
  using Read = Result<std::vector<records::Transcript>>;
  std::function<Read()> work = [&] {
    return records::read_transcripts(services_.disk, services_.places.folder, id,
                                     [](const Error&) {});
  };
  Read read = co_await io::run_on<Read>(services_.worker, services_.loop, std::move(work));
  if (!read) co_return refuse(Problem::relay_failure, read.error().describe());
  json::array data;
  for (const records::Transcript& transcript : *read)
    data.push_back(json::object{{"attempt", transcript.attempt},
                                {"at", base::to_rfc3339(transcript.at)},
                                {"recipients", json::value_from(transcript.recipients)},
                                {"text", base::to_valid_utf8(*transcript.text)}});
  json::object page{{"object", "list"}, {"data", std::move(data)}, {"has_more", false}};
  co_return in_json(page);
}

io::Task<web::Response> MailPages::act(queue::Act what, web::Request request) {
  const std::optional<MessageId> id = id_of(request);
  if (!id) co_return not_there();
  queue::Command command;
  command.act = what;
  command.selector.ids = {*id};
  command.reason = "API, key " + Access::key_of(request).name;
  Result<queue::Tally> tally = co_await services_.queue.act(std::move(command));
  if (!tally)
    co_return refuse(Problem::relay_failure,
                     "It could not be written down: " + tally.error().describe());
  json::object answer{
      {"id", id->text()}, {"recipients", tally->recipients}, {"sending", tally->sending}};
  co_return in_json(answer);
}

}  // namespace waypost::api
