#include <algorithm>
#include <utility>

#include <boost/json.hpp>

#include "api/mail_pages.h"
#include "api/problems.h"
#include "base/utf8.h"
#include "io/timer.h"
#include "message/preview.h"

// What a message holds, for people: taken apart, and as a document that can do nothing.
namespace waypost::api {
namespace {

namespace json = boost::json;
using message::MimeMessage;
using message::MimePart;

// Of a message; the rest is left out, and the answer says so.
constexpr size_t shown_octets_max = 16 << 20;
// Messages in memory at once, and how long another waits for a place.
constexpr unsigned shown_at_once_max = 2;
constexpr Duration place_patience = std::chrono::seconds(10);
constexpr Duration place_looked_for_every = std::chrono::milliseconds(20);

// Of the frame's document. It has no origin and no rights, and may fetch nothing, whatever it says.
constexpr const char* document_policy =
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'";

json::object attachment_json(const MimePart& part) {
  json::object object{{"filename", part.file},
                      {"content_type", base::to_valid_utf8(part.type)},
                      {"size", part.octets}};
  if (!part.content_id.empty()) object["content_id"] = base::to_valid_utf8(part.content_id);
  object["inline"] = !part.attached;
  return object;
}

bool is_cut_short(const MimePart* part) { return part && part->cut; }

json::object content_json(const MimeMessage& message, bool is_cut) {
  json::array headers;
  for (const message::MimeField& field : message.fields)
    headers.push_back(
        json::object{{"name", base::to_valid_utf8(field.name)}, {"value", field.value}});
  const message::ShownParts shown = message::shown_parts(message);
  json::object object{{"object", "email_content"}, {"headers", std::move(headers)}};
  if (shown.text) object["text"] = shown.text->content;
  if (shown.html) object["html"] = shown.html->content;
  json::array attachments;
  for (const MimePart* part : message::attachments_of(message))
    attachments.push_back(attachment_json(*part));
  object["attachments"] = std::move(attachments);
  object["cut"] = is_cut || message.cut || is_cut_short(shown.text) || is_cut_short(shown.html);
  return object;
}

web::Response document(std::string html) {
  web::Response response;
  response.content_type = "text/html; charset=utf-8";
  response.body = std::move(html);
  response.fields = {{"Content-Security-Policy", document_policy},
                     {"Referrer-Policy", "no-referrer"},
                     {"Cross-Origin-Resource-Policy", "same-origin"},
                     {"X-DNS-Prefetch-Control", "off"}};
  return response;
}

// "part=text", or nothing for what a mail program would show.
std::optional<bool> asks_for_text(std::string_view query) {
  const auto parameters = web::parse_query(query);
  if (!parameters) return std::nullopt;
  if (parameters->empty()) return false;
  const auto part = parameters->find("part");
  const bool is_known =
      parameters->size() == 1 && part != parameters->end() && part->second == "text";
  return is_known ? std::optional(true) : std::nullopt;
}

// Given back when the request ends, however it does.
class Place {
 public:
  explicit Place(unsigned& taken) : taken_(taken) { ++taken_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { --taken_; }

 private:
  unsigned& taken_;
};

}  // namespace

io::Task<web::Response> MailPages::content(web::Request request) {
  const std::string id = request.parameters["id"];
  ShowContent show = [id](const MimeMessage& message, bool is_cut) {
    json::object object = content_json(message, is_cut);
    object["id"] = id;
    return web::Response{.body = json::serialize(object) + "\n"};
  };
  co_return co_await show_content(std::move(request), std::move(show));
}

io::Task<web::Response> MailPages::preview(web::Request request) {
  const std::optional<bool> text_only = asks_for_text(request.query);
  if (!text_only)
    co_return refuse(Problem::invalid_fields, "The query takes \"part\" alone, which is \"text\".");
  ShowContent show = [text_only = *text_only](const MimeMessage& message, bool) {
    const message::ShownParts shown = message::shown_parts(message);
    if (shown.html && !text_only)
      return document(message::html_preview(message, shown.html->content));
    return document(message::text_preview(shown.text ? shown.text->content : std::string_view()));
  };
  co_return co_await show_content(std::move(request), std::move(show));
}

io::Task<bool> MailPages::has_room_to_show() {
  const Instant until = services_.loop.now() + place_patience;
  while (shown_ >= shown_at_once_max && services_.loop.now() < until)
    co_await io::sleep_until(services_.loop, services_.loop.now() + place_looked_for_every);
  co_return shown_ < shown_at_once_max;
}

io::Task<web::Response> MailPages::show_content(web::Request request, ShowContent show) {
  auto events = co_await events_of(request);
  if (!events) co_return std::move(events).error();
  const bool has_room = co_await has_room_to_show();
  if (!has_room) {
    web::Response later = refuse(Problem::too_busy, "Other messages are read just now.");
    later.fields.emplace_back("Retry-After", "5");
    co_return later;
  }
  const Place place(shown_);
  const MessageId id = *MessageId::parse(request.parameters["id"]);
  const auto envelope = services_.queue.envelope(id);
  // It may have gone meanwhile.
  Result<std::string> octets = failure(ErrorCode::not_found, "");
  if (envelope) octets = co_await read_octets(id, envelope->chunks, shown_octets_max);
  if (!octets && octets.error().code() == ErrorCode::not_found)
    co_return refuse(Problem::content_gone, "All its recipients are settled.");
  if (!octets) co_return refuse(Problem::relay_failure, octets.error().describe());
  const bool is_cut = octets->size() < envelope->size_octets;
  std::function<web::Response()> work = [&] {
    return show(message::read_mime(*octets, message::ReadFor::people), is_cut);
  };
  co_return co_await io::run_on<web::Response>(services_.worker, services_.loop, std::move(work));
}

io::Task<Result<std::string>> MailPages::read_octets(MessageId id, uint32_t chunks,
                                                     size_t octets_max) {
  std::string octets;
  for (uint32_t index = 0; index < chunks && octets.size() < octets_max; ++index) {
    CO_TRY(const std::string chunk, co_await services_.spool.read_chunk(id, index));
    octets += chunk;
  }
  octets.resize(std::min(octets.size(), octets_max));
  co_return octets;
}

}  // namespace waypost::api
