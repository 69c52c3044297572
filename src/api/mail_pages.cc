#include "api/mail_pages.h"

#include <utility>

#include <boost/json.hpp>

#include "api/mail_json.h"
#include "api/problems.h"
#include "base/utf8.h"
#include "records/transcripts.h"

namespace waypost::api {
namespace {

namespace json = boost::json;
using events::Event;
using records::Scope;

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
  json::object email = email_json(*events, {}, services_.queue.standings(id), &services_.replies);
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
