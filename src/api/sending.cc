#include "api/sending.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/problems.h"
#include "base/ascii.h"
#include "io/digest.h"
#include "io/task_group.h"
#include "queue/asked_time.h"
#include "web/server.h"

namespace waypost::api {
namespace {

namespace json = boost::json;

// Larger requests are read aside, so that mail goes on meanwhile.
constexpr size_t read_at_once_octets = 64 * 1024;
constexpr size_t request_name_octets_max = 255;
// Each is a message that was accepted while the disk took no answers; names it takes none then.
constexpr size_t unkept_max = 1000;
constexpr int64_t no_room_wait_s = 600;         // room for names of requests comes as a day passes
constexpr uint64_t other_octets_max = 1 << 20;  // of JSON around the content

// Content in base64, or with escapes, and what stands around it: no more than half of what all
// bodies share (web::Settings), since it stands in memory more than once while it is read.
uint64_t body_octets_max(const intake::Limits& limits) {
  const uint64_t share = web::Settings().bodies_octets_max / 2;
  return std::min(limits.message_octets_max / 3 * 4 + other_octets_max, share);
}

web::Response in_problem(const smtp::Reply& reply) {
  if (reply.permanent()) return refuse(Problem::refused, reply.text());
  web::Response later = refuse(Problem::try_later, reply.text());
  later.fields.emplace_back("Retry-After", "10");
  return later;
}

bool is_json(std::string_view content_type) {
  const std::string_view type = base::trim(content_type.substr(0, content_type.find(';')));
  return base::equals_ignoring_case(type, "application/json");
}

// Letters and digits that no content holds by chance.
std::string boundary_of(io::Rng& rng) {
  return fmt::format("waypost-{:016x}{:016x}", rng.next(), rng.next());
}

// None where the request has no such field, which is no empty one.
std::optional<std::string> request_name(const web::Request& request) {
  for (const auto& [field, value] : request.fields)
    if (field == "idempotency-key") return value;
  return std::nullopt;
}

bool is_request_name(std::string_view name) {
  return !name.empty() && name.size() <= request_name_octets_max &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

void Sending::add_to(web::Router& router, Access& access) {
  const uint64_t octets_max = body_octets_max(services_.intake.limits());
  router.on("POST", "/v1/emails",
            access.route(
                records::Scope::send,
                [this](web::Request request) { return send_one(std::move(request)); }, octets_max));
  router.on(
      "POST", "/v1/emails/batch",
      access.route(
          records::Scope::send,
          [this](web::Request request) { return send_batch(std::move(request)); }, octets_max));
}

std::string Sending::accepted_text(const MessageId& id, const std::vector<smtp::Mailbox>& to,
                                   WallTime scheduled_at) {
  const bool waits = scheduled_at != WallTime();
  const char* status = waits ? "scheduled" : "queued";
  json::array recipients;
  for (const smtp::Mailbox& mailbox : to)
    recipients.push_back(json::object{{"to", mailbox.text()}, {"status", status}});
  json::object accepted{{"id", id.text()}, {"object", "email"}, {"status", status}};
  if (waits) accepted["scheduled_at"] = base::to_rfc3339(scheduled_at);
  accepted["recipients"] = std::move(recipients);
  return json::serialize(accepted);
}

std::optional<web::Response> Sending::settle_schedules(std::vector<Email>& emails,
                                                       bool is_batch) const {
  std::vector<web::FieldProblem> problems;
  for (size_t i = 0; i < emails.size(); ++i) {
    auto at = queue::time_to_wait_for(emails[i].scheduled_at, services_.loop.wall_now());
    if (at)
      emails[i].scheduled_at = *at;
    else
      problems.push_back(
          {is_batch ? fmt::format("[{}].scheduled_at", i) : "scheduled_at", at.error().message()});
  }
  if (problems.empty()) return std::nullopt;
  return refuse(Problem::invalid_fields, problems[0].field + " " + problems[0].message, problems);
}

MessageId Sending::new_id() {
  std::array<uint8_t, 10> random{};
  services_.loop.rng().fill(random);
  return MessageId::make(services_.loop.wall_now(), random);
}

// What would go wrong for anybody, before anything is sent.
io::Task<Sending::Checked> Sending::read(const web::Request& request, bool is_batch) {
  if (!is_json(request.field("content-type")))
    co_return tl::unexpected(refuse(Problem::unsupported_media_type,
                                    "Send the body as \"Content-Type: application/json\"."));
  if (auto busy = services_.intake.refuse_now()) co_return tl::unexpected(in_problem(*busy));
  const std::string boundary = boundary_of(services_.loop.rng());
  const uint64_t octets_max = services_.intake.limits().message_octets_max;
  using Read = Result<EmailRequest>;
  std::function<Read()> work = [&] {
    return read_email_request(request.body, is_batch, boundary, octets_max);
  };
  Read parsed = failure(ErrorCode::invalid_input, "");
  if (request.body.size() <= read_at_once_octets)
    parsed = work();
  else
    parsed = co_await io::run_on<Read>(services_.worker, services_.loop, std::move(work));
  if (!parsed) co_return tl::unexpected(refuse(Problem::invalid_json, parsed.error().message()));
  if (!parsed->problems.empty())
    co_return tl::unexpected(refuse(Problem::invalid_fields,
                                    parsed->problems[0].field + " " + parsed->problems[0].message,
                                    parsed->problems));
  const size_t most = services_.intake.limits().recipients_max;
  for (size_t i = 0; i < parsed->emails.size(); ++i)
    if (parsed->emails[i].recipients.size() > most)
      co_return tl::unexpected(refuse(
          Problem::invalid_fields, fmt::format("An email has at most {} recipients here.", most),
          {{is_batch ? fmt::format("[{}].to", i) : "to",
            fmt::format("makes more than {} recipients, with cc and bcc", most)}}));
  if (auto refused = settle_schedules(parsed->emails, is_batch))
    co_return tl::unexpected(*std::move(refused));
  co_return std::move(parsed->emails);
}

std::optional<web::Response> Sending::refuse_parties(const records::Key& key,
                                                     const Email& email) const {
  auto refused = submission::refuse_sender(key.sender_domains, email.sender);
  if (refused) return refuse(Problem::sender_not_allowed, refused->text());
  // What people see, and what receivers judge by (RFC 9989).
  for (const auto& [field, domain] : {std::pair("From", std::string_view(email.author_domain)),
                                      std::pair("Sender", std::string_view(email.agent_domain))})
    if (!domain.empty() && !intake::may_send_as(key.sender_domains, domain))
      return refuse(Problem::sender_not_allowed,
                    fmt::format("The {} field of \"raw\" is of {}, as which this key may not send",
                                field, domain));
  const auto look = [](const smtp::Mailbox& mailbox) {
    return submission::refuse_unknown_script(mailbox, {5, 1, 3});
  };
  for (const smtp::Mailbox& mailbox : email.recipients)
    if (auto unknown = look(mailbox)) return refuse(Problem::refused, unknown->text());
  if (auto unknown = look(email.sender)) return refuse(Problem::refused, unknown->text());
  return std::nullopt;
}

io::Task<web::Response> Sending::send_one(web::Request request) {
  const std::optional<std::string> name = request_name(request);
  if (name && !is_request_name(*name))
    co_return refuse(Problem::invalid_idempotency_key,
                     fmt::format("An Idempotency-Key is 1 to {} printable ASCII characters.",
                                 request_name_octets_max));
  Checked emails = co_await read(request, false);
  if (!emails) co_return std::move(emails).error();
  Email email = std::move(emails->front());
  if (auto refused = refuse_parties(Access::key_of(request), email)) co_return *std::move(refused);
  if (name) co_return co_await send_named(std::move(request), std::move(email), *name);
  const std::vector<smtp::Mailbox> recipients = email.recipients;
  const WallTime scheduled_at = email.scheduled_at;
  Accepted accepted = co_await take_in(request, std::move(email), std::nullopt, {});
  if (!accepted) co_return std::move(accepted).error();
  co_return web::Response{.body = accepted_text(*accepted, recipients, scheduled_at) + "\n"};
}

// The name is taken on the disk before the message is, and the answer is written down before
// anybody can deliver it: whatever ends in between, the repetition finds one of the two.
io::Task<web::Response> Sending::send_named(web::Request request, Email email, std::string name) {
  records::SentRequest sent;
  sent.login = Access::key_of(request).name;
  sent.name = std::move(name);
  sent.message = new_id();
  sent.at = services_.loop.wall_now();
  using Claimed = Result<records::SentRequests::Claim>;
  std::function<Claimed()> work = [&] {
    io::Digest digest;
    digest.add(request.body);
    sent.digest = digest.hex();
    return services_.sent.claim(sent);
  };
  Claimed claim = co_await io::run_on<Claimed>(services_.worker, services_.loop, std::move(work));
  if (!claim) {
    services_.trouble("requests with an Idempotency-Key get 503: " + claim.error().describe());
    co_return in_problem(smtp::reply(451, {4, 3, 0}, "The names of requests cannot be kept now"));
  }
  if (!claim->no_room.empty()) co_return rate_limited(claim->no_room, no_room_wait_s);
  if (!claim->is_new) {
    if (claim->request.digest != sent.digest)
      co_return refuse(Problem::invalid_idempotent_request,
                       "Another body was sent with this Idempotency-Key less than a day ago.");
    const auto unkept = unkept_.find({sent.login, sent.name});
    if (unkept != unkept_.end() && unkept->second.request.message == claim->request.message)
      claim->answer = unkept->second.answer;
    if (claim->answer.empty()) {
      web::Response wait = refuse(Problem::concurrent_idempotent_requests,
                                  "The first request with this Idempotency-Key still runs.");
      wait.fields.emplace_back("Retry-After", "1");
      co_return wait;
    }
    web::Response replay{.body = claim->answer + "\n"};
    replay.fields.emplace_back("Idempotency-Replayed", "true");
    co_return replay;
  }
  co_await keep_rest();
  const std::string answer = accepted_text(sent.message, email.recipients, email.scheduled_at);
  Committed committed = [this, &sent, &answer] { return keep_answer(sent, answer); };
  Accepted accepted =
      co_await take_in(request, std::move(email), sent.message, std::move(committed));
  if (accepted) co_return web::Response{.body = answer + "\n"};
  // What a spool that is not well has of it shows at its next start, which settles the name too.
  if (services_.spool.healthy()) co_await release(sent);
  co_return std::move(accepted).error();
}

io::Task<void> Sending::keep_answer(const records::SentRequest& sent, const std::string& answer) {
  std::function<Result<void>()> work = [&] { return services_.sent.answer(sent, answer); };
  Result<void> kept =
      co_await io::run_on<Result<void>>(services_.worker, services_.loop, std::move(work));
  if (kept) co_return;
  services_.trouble("the answer to a request with an Idempotency-Key is not kept: " +
                    kept.error().describe());
  if (unkept_.size() < unkept_max) unkept_[{sent.login, sent.name}] = {sent, answer};
}

// A name could be written down, so that answers can be as well.
io::Task<void> Sending::keep_rest() {
  const auto rest = std::exchange(unkept_, {});
  for (const auto& [name, unkept] : rest) co_await keep_answer(unkept.request, unkept.answer);
}

io::Task<void> Sending::release(const records::SentRequest& sent) {
  std::function<Result<void>()> work = [&] { return services_.sent.release(sent); };
  Result<void> released =
      co_await io::run_on<Result<void>>(services_.worker, services_.loop, std::move(work));
  if (!released)
    services_.trouble("a name of a request that sent nothing is not free again: " +
                      released.error().describe());
}

io::Task<web::Response> Sending::send_batch(web::Request request) {
  if (request_name(request))
    co_return refuse(Problem::invalid_fields,
                     "A batch takes no Idempotency-Key: it may be accepted in part. Send what must "
                     "not be sent twice one by one.");
  Checked emails = co_await read(request, true);
  if (!emails) co_return std::move(emails).error();
  // All at once, so that they share the spool's syncs.
  std::vector<std::string> answers(emails->size());
  io::TaskGroup tasks;
  for (size_t i = 0; i < answers.size(); ++i)
    tasks.start(take_in_one(request, std::move((*emails)[i]), answers[i]));
  co_await tasks.join();
  std::string body = "{\"data\":[";
  for (const std::string& answer : answers) body += (&answer == answers.data() ? "" : ",") + answer;
  co_return web::Response{.body = body + "]}\n"};
}

io::Task<void> Sending::take_in_one(const web::Request& request, Email email, std::string& answer) {
  if (auto refused = refuse_parties(Access::key_of(request), email)) {
    answer = std::move(refused->body);
    co_return;
  }
  const std::vector<smtp::Mailbox> recipients = email.recipients;
  const WallTime scheduled_at = email.scheduled_at;
  Accepted accepted = co_await take_in(request, std::move(email), std::nullopt, {});
  answer = accepted ? accepted_text(*accepted, recipients, scheduled_at) : accepted.error().body;
}

std::optional<smtp::Reply> Sending::refuse_local(const smtp::Mailbox& recipient) const {
  if (!services_.local || !services_.local->owns(recipient.domain)) return std::nullopt;
  return services_.local->refuse(recipient);
}

// As submission::Session does it for MAIL.
std::optional<web::Response> Sending::refuse_pace(const records::Key& key) {
  const unsigned per_minute = services_.messages_per_login_per_minute();
  if (per_minute == 0) return std::nullopt;
  const submission::Pace pace{
      std::chrono::duration_cast<Duration>(std::chrono::minutes(1)) / per_minute, per_minute};
  const Duration wait = services_.clients.begin_message(key.name, pace, services_.loop.now());
  if (wait == Duration(0)) return std::nullopt;
  const auto wait_s = std::chrono::ceil<std::chrono::seconds>(wait).count();
  return rate_limited(
      fmt::format("The key \"{}\" may send {} messages a minute. Try again in {} s.", key.name,
                  per_minute, wait_s),
      wait_s);
}

io::Task<Sending::Accepted> Sending::take_in(const web::Request& request, Email email,
                                             std::optional<MessageId> id, Committed committed) {
  const records::Key& key = Access::key_of(request);
  if (auto refused = refuse_pace(key)) co_return tl::unexpected(*std::move(refused));
  intake::Submitter submitter;
  submitter.login = key.name;
  submitter.tenant = key.tenant;
  submitter.stream = key.stream;
  submitter.client = request.client;
  submitter.authenticated = true;
  submitter.sender_domains = key.sender_domains;
  smtp::MailArguments mail;
  mail.sender = email.sender;
  mail.smtputf8 = email.smtputf8;
  if (email.eight_bit || email.smtputf8) mail.body = smtp::BodyType::eight_bit_mime;
  auto arrival = services_.intake.start(submitter, std::move(mail));
  if (id) arrival->adopt(*id, std::move(committed));
  arrival->schedule(email.scheduled_at);
  for (smtp::Mailbox& recipient : email.recipients) {
    std::string text = recipient.text();
    auto refused = refuse_local(recipient);
    if (!refused) refused = arrival->add_recipient(std::move(recipient));
    if (!refused) continue;
    services_.intake.report_rejected(submitter, email.sender, {std::move(text)}, *refused);
    co_return tl::unexpected(in_problem(*refused));
  }
  co_await arrival->add(std::move(email.content));
  auto finished = co_await arrival->finish();
  if (!finished) co_return tl::unexpected(in_problem(finished.error()));
  co_return *finished;
}

}  // namespace waypost::api
