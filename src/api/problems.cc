#include "api/problems.h"

#include <array>

namespace waypost::api {
namespace {

// In the order of Problem, then those of the HTTP server.
constexpr std::array<ProblemPage, 36> pages{{
    {"unauthorized", 401, "No key that is known",
     "Send a key with each request: \"Authorization: Bearer wp_...\". `waypost keys create NAME` "
     "on the relay makes one and shows it once; a revoked key is not known any more."},
    {"missing-scope", 403, "The key is not for that",
     "A key has scopes: send, read, admin. A key keeps those that it was made with, so make "
     "another: `waypost keys create NAME --scope read ...`."},
    {"sender-not-allowed", 403, "The key may not send as that sender",
     "A key sends for the domains that it was made for; `waypost keys ls` shows them. Correct "
     "\"from\", or make a key for that domain."},
    {"invalid-json", 400, "The body is no JSON that can be read",
     "The body has to be one JSON object (for a batch, an array of them) in UTF-8, with "
     "no more than 16 levels."},
    {"invalid-fields", 422, "Some fields cannot be used",
     "`errors` has each of them, with what is wrong. Nothing was sent. Fields that are not known "
     "are refused rather than passed over, since the mail would go out otherwise than you mean."},
    {"unsupported-media-type", 415, "The body has another type",
     "Send the body as \"Content-Type: application/json\", without a Content-Encoding."},
    {"refused", 422, "The message was not accepted",
     "The relay's rules refuse it for good; `detail` has the same reply that SMTP would give. The "
     "same request will be refused again."},
    {"try-later", 503, "Nothing can be accepted now",
     "The relay cannot store mail at the moment: its disk is full or broken, or too much comes in "
     "at once. Nothing was accepted: send the same request again after `Retry-After` seconds."},
    {"rate-limited", 429, "Too many requests",
     "A key may make as many requests a minute as the header RateLimit-Policy says, and send as "
     "many messages as `messages_per_login_per_minute` of [limits]; `detail` says which it was. "
     "Wait for `Retry-After` seconds; a batch sends 100 emails with one request."},
    {"invalid_idempotency_key", 400, "The Idempotency-Key cannot be used",
     "An Idempotency-Key is 1 to 255 printable ASCII characters without a blank."},
    {"invalid_idempotent_request", 409, "Another request has that Idempotency-Key",
     "A request with the same Idempotency-Key and another body came within a day. Nothing was "
     "sent now. Give each request a key of its own, and the same key to its repetition only."},
    {"concurrent_idempotent_requests", 409,
     "The first request with that Idempotency-Key still runs",
     "Its answer is not known yet. Send the same request again after `Retry-After` seconds."},
    {"email-not-found", 404, "There is no such email",
     "No message with this id is in the queue or in the records of your tenant; records are kept "
     "for as long as `keep` of [records] says."},
    {"email-not-waiting", 409, "Nothing of it waits any more",
     "All its recipients are settled, or are being sent to just now. GET /v1/emails/{id} says what "
     "became of each."},
    {"suppression-not-found", 404, "The address is not suppressed",
     "Nothing keeps mail from this address."},
    {"content-gone", 410, "Its content is not kept any more",
     "The content of a message is kept only until all its recipients are settled."},
    {"too-many-listeners", 503, "Too many listen already",
     "At most 32 clients can follow the events at once. Close one, or ask again later."},
    {"relay-failure", 500, "The relay could not do it",
     "Something failed on the relay's side; `detail` says what."},
    {"wrong-password", 401, "The name or the password is wrong",
     "`waypost admin password` on the relay sets the password of \"admin\", or of another with "
     "--user NAME; `waypost admin ls` lists who has one."},
    {"foreign-page", 403, "No page of ours asks that",
     "A browser that is logged in may change things only from the dashboard's own pages: with the "
     "header X-Waypost-CSRF, and an Origin or Sec-Fetch-Site that is ours. Behind a proxy the Host "
     "has to reach the relay as the browser said it. Programs send a key."},
    {"unknown-host", 421, "The relay does not answer to this name",
     "In a browser it answers to localhost, to addresses, to its `hostname` and to `hostnames` of "
     "[http]."},
    {"provider-not-found", 404, "Nothing is known of that provider",
     "Nothing was counted for a provider of this name; GET /v1/overview lists those that are "
     "known."},
    {"domain-not-found", 404, "There is no such sending domain, or no such key of it",
     "GET /v1/domains lists those that mail is sent from; POST /v1/domains adds one. A key that is "
     "for some senders sees their domains alone."},
    {"domain-conflict", 409, "The keys of the domain do not allow that now",
     "`detail` says what comes first: new keys sign when receivers see their records, and what "
     "signs "
     "is taken out only when that is said."},
    {"dns-silent", 504, "The name servers do not answer",
     "Nobody could tell what receivers see. Nothing was changed; ask again. `detail` says who was "
     "silent."},
    {"too-busy", 503, "Too much comes in at once",
     "All bodies that come in at once share 256 MiB, and of messages that are shown in parts two "
     "are read at a time. Send the same request again in some seconds."},
    {"key-not-found", 404, "There is no such key",
     "GET /v1/api-keys lists them, revoked ones too."},
    {"key-conflict", 409, "There is a key of that name",
     "A revoked key keeps its name, so that a name in the events means one key for ever. Choose "
     "another."},
    {"bad-request", 400, "This is no request",
     "What came is no HTTP/1.1 request as RFC 9112 has it, or its query or path cannot be read."},
    {"not-found", 404, "There is nothing here",
     "No page has this path. /v1/openapi.json lists all that there are."},
    {"method-not-allowed", 405, "This takes another method", "The header Allow lists them."},
    {"body-too-large", 413, "The body is too large",
     "`detail` says how many octets a body may have here. What a message may have is "
     "`message_octets_max` of [limits]."},
    {"header-too-large", 431, "The header is too large",
     "The request line and the header fields may have 16 KiB together."},
    {"expectation-failed", 417, "The expectation is not known",
     "Only `Expect: 100-continue` is known. Leave the field out; a body may come at once."},
    {"unknown-coding", 501, "The body comes in a coding that is not known",
     "A body is sent as it is, or with `Transfer-Encoding: chunked`."},
    {"too-slow", 408, "The body did not come", "A body has to be there within a minute."},
}};

}  // namespace

std::span<const ProblemPage> problem_pages() { return pages; }

web::Response refuse(Problem problem, std::string_view detail,
                     const std::vector<web::FieldProblem>& errors) {
  const ProblemPage& page = pages[size_t(problem)];
  return web::problem(page.code, page.name, page.title, detail, errors);
}

std::optional<web::Response> refuse_any(const std::vector<web::FieldProblem>& problems) {
  if (problems.empty()) return std::nullopt;
  const web::FieldProblem& first = problems.front();
  return refuse(Problem::invalid_fields, first.field + " " + first.message, problems);
}

web::Response rate_limited(std::string_view detail, int64_t wait_s) {
  web::Response response = refuse(Problem::rate_limited, detail);
  response.fields.emplace_back("Retry-After", std::to_string(wait_s));
  return response;
}

}  // namespace waypost::api
