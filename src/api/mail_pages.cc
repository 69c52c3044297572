#include "api/mail_pages.h"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>

#include "api/fields.h"
#include "api/mail_json.h"
#include "api/problems.h"
#include "base/utf8.h"
#include "io/timer.h"
#include "queue/asked_time.h"
#include "records/transcripts.h"

namespace waypost::api {
namespace {

namespace json = boost::json;
using events::Event;
using records::Scope;

constexpr size_t schedule_octets_max = 4096;
constexpr size_t empty_body_octets_max = 4096;

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

// {"scheduled_at": "2026-11-21T09:00:00Z"}
Result<WallTime> read_schedule(std::string_view body, std::vector<web::FieldProblem>& problems) {
  TRY(const json::value value, parse_json(body));
  if (!value.is_object()) return failure(ErrorCode::invalid_input, "The body is no JSON object.");
  Fields fields(value.get_object(), {}, problems);
  const std::string text = fields.line("scheduled_at", schedule_octets_max);
  WallTime at;
  if (!fields.has("scheduled_at")) {
    fields.note("scheduled_at", "is missing: when it is to be sent");
  } else if (problems.empty()) {
    Result<WallTime> asked = queue::parse_asked_time(text);
    if (!asked) fields.note("scheduled_at", asked.error().message());
    at = asked.value_or(WallTime());
  }
  fields.no_more();
  return at;
}

// Many clients send an object with every POST: here it has nothing to say.
std::optional<web::Response> refuse_members(std::string_view body) {
  if (body.empty()) return std::nullopt;
  auto object = parse_object(body);
  if (!object) return std::move(object).error();
  std::vector<web::FieldProblem> problems;
  Fields(*object, {}, problems).no_more();
  return refuse_any(problems);
}

web::Response in_json(const json::value& value) { return {.body = json::serialize(value) + "\n"}; }

// Whether something is known of how it ended for each of its recipients.
bool tells_the_end(const records::Found& found) {
  if (found.messages.empty()) return false;
  const records::FoundMessage& message = found.messages.front();
  const auto states = recipient_states(message.events, message.recipients, {});
  return !states.empty() && std::all_of(states.begin(), states.end(),
                                        [](const RecipientState& one) { return one.is_settled; });
}

}  // namespace

void MailPages::add_to(web::Router& router, Access& access) {
  const auto on = [&](const char* method, const char* path, Scope scope, auto handler) {
    router.on(method, path, access.route(scope, [this, handler](web::Request request) {
      return (this->*handler)(std::move(request));
    }));
  };
  router.on("GET", "/v1/emails", access.route(Scope::read, [this](web::Request request) {
    return list_.page(std::move(request));
  }));
  on("GET", "/v1/emails/{id}", Scope::read, &MailPages::show);
  on("GET", "/v1/emails/{id}/raw", Scope::read, &MailPages::raw);
  on("GET", "/v1/emails/{id}/content", Scope::read, &MailPages::content);
  on("GET", "/v1/emails/{id}/preview", Scope::read, &MailPages::preview);
  on("GET", "/v1/emails/{id}/transcripts", Scope::read, &MailPages::transcripts);
  const auto act_on = [&](const std::string& verb, queue::Act what) {
    router.on("POST", "/v1/emails/{id}/" + verb,
              access.route(
                  Scope::admin,
                  [this, what](web::Request request) { return act(what, std::move(request)); },
                  empty_body_octets_max));
  };
  act_on("retry", queue::Act::retry);
  router.on(
      "POST", "/v1/emails/{id}/cancel",
      access.route_for_any([this](web::Request request) { return cancel(std::move(request)); },
                           empty_body_octets_max));
  act_on("hold", queue::Act::hold);
  act_on("release", queue::Act::release);
  const auto another_time = [&](bool is_patch) {
    return access.route_for_any(
        [this, is_patch](web::Request request) { return reschedule(std::move(request), is_patch); },
        schedule_octets_max);
  };
  router.on("POST", "/v1/emails/{id}/reschedule", another_time(false));
  router.on("PATCH", "/v1/emails/{id}", another_time(true));
}

io::Task<MailPages::Found> MailPages::search(records::Search wanted) {
  std::function<Found()> work = [&] {
    return records::search(services_.disk, services_.places, wanted);
  };
  co_return co_await io::run_on<Found>(services_.worker, services_.loop, std::move(work));
}

// Whether the queue may have let somebody go of whom the records tell no end yet.
bool MailPages::may_be_behind(MessageId id, const records::Found& found) const {
  if (!services_.queue.envelope(id)) return !tells_the_end(found);
  if (found.messages.empty()) return false;
  return has_unknown(recipient_states(found.messages.front().events, {},
                                      services_.queue.standings(id), run_began_));
}

// The records are written a moment after the queue knows.
io::Task<tl::expected<MailPages::Events, web::Response>> MailPages::events_of(
    const web::Request& request) {
  const std::optional<MessageId> id = id_of(request);
  if (!id) co_return tl::unexpected(not_there());
  records::Search wanted;
  wanted.message = *id;
  Found found = co_await search(wanted);
  // It may just have left the queue.
  if (found && may_be_behind(*id, *found)) {
    co_await io::sleep_until(services_.loop, services_.loop.now() + records_are_behind);
    found = co_await search(std::move(wanted));
  }
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
  json::object email =
      email_json(*events, {}, services_.queue.standings(id), &services_.replies, run_began_);
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

io::Task<std::optional<web::Response>> MailPages::refuse_foreign(const web::Request& request) {
  const records::Key& key = Access::key_of(request);
  if (key.scopes.contains(Scope::admin)) co_return std::nullopt;
  const web::Response refusal =
      refuse(Problem::missing_scope,
             "A key with the scope \"send\" stops or moves what it has sent itself; for other "
             "mail it takes \"admin\".");
  if (!key.scopes.contains(Scope::send)) co_return refusal;
  auto events = co_await events_of(request);
  if (!events) co_return std::move(events).error();
  if (events->front().login != key.name) co_return refusal;
  co_return std::nullopt;
}

io::Task<web::Response> MailPages::cancel(web::Request request) {
  auto refused = co_await refuse_foreign(request);
  if (refused) co_return *std::move(refused);
  co_return co_await act(queue::Act::cancel, std::move(request));
}

io::Task<web::Response> MailPages::act(queue::Act what, web::Request request) {
  const std::optional<MessageId> id = id_of(request);
  if (!id) co_return not_there();
  if (auto refused = refuse_members(request.body)) co_return *std::move(refused);
  queue::Command command;
  command.act = what;
  command.selector.ids = {*id};
  command.reason = "API, key " + Access::key_of(request).name;
  Result<queue::Tally> tally = co_await services_.queue.act(std::move(command));
  if (!tally)
    co_return refuse(Problem::relay_failure,
                     "It could not be written down: " + tally.error().describe());
  if (tally->recipients == 0 && tally->sending == 0) {
    auto events = co_await events_of(request);
    if (!events) co_return std::move(events).error();
  }
  json::object answer{
      {"id", id->text()}, {"recipients", tally->recipients}, {"sending", tally->sending}};
  if (what == queue::Act::retry) answer["paused"] = tally->paused;
  co_return in_json(answer);
}

// `is_patch`: asked and answered as the interface of Resend has it.
io::Task<web::Response> MailPages::reschedule(web::Request request, bool is_patch) {
  std::vector<web::FieldProblem> problems;
  Result<WallTime> asked = read_schedule(request.body, problems);
  if (!asked) co_return refuse(Problem::invalid_json, asked.error().message());
  const WallTime now = services_.loop.wall_now();
  if (auto fits = queue::time_to_wait_for(*asked, now); !fits)
    problems.push_back({"scheduled_at", fits.error().message()});
  if (!problems.empty())
    co_return refuse(Problem::invalid_fields, problems[0].field + " " + problems[0].message,
                     problems);
  auto refused = co_await refuse_foreign(request);
  if (refused) co_return *std::move(refused);
  // A message that nobody knows is not there; what is known but does not wait is a conflict.
  auto events = co_await events_of(request);
  if (!events) co_return std::move(events).error();
  const MessageId id = *id_of(request);
  queue::Command command;
  command.act = queue::Act::reschedule;
  command.selector.ids = {id};
  command.reason = "API, key " + Access::key_of(request).name;
  command.at = *asked;
  Result<queue::Tally> tally = co_await services_.queue.act(std::move(command));
  if (!tally)
    co_return refuse(Problem::relay_failure,
                     "It could not be written down: " + tally.error().describe());
  if (tally->recipients == 0)
    co_return refuse(Problem::email_not_waiting, tally->sending > 0
                                                     ? "It is being sent just now."
                                                     : "All its recipients are settled.");
  json::object answer{{"object", "email"}, {"id", id.text()}};
  if (is_patch) co_return in_json(answer);
  answer["scheduled_at"] = base::to_rfc3339(std::max(*asked, now));
  answer["recipients"] = tally->recipients;
  answer["sending"] = tally->sending;
  co_return in_json(answer);
}

}  // namespace waypost::api
