#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "intake/replies.h"
#include "submission/session.h"

// The commands that bring content: DATA and BDAT.
namespace waypost::submission {
namespace {

// Less than what makes glibc tidy its whole heap when it is freed.
constexpr size_t content_octets_at_once = 32 * 1024;

// Of chunks that are not wanted, for each octet that would be: what came because the client did not
// wait for our reply is taken and dropped, what could only be an attack is not.
constexpr uint64_t unwanted_for_each_wanted = 2;

constexpr smtp::EnhancedCode bad_content{5, 6, 0};

// RFC 3463 §3.7: it is the content that cannot be taken, whichever recipient it is for.
smtp::Reply refuse_content(smtp::DataFault fault) {
  switch (fault) {
    case smtp::DataFault::bare_cr:
      return smtp::reply(554, bad_content, "The message has a CR without LF; closing");
    case smtp::DataFault::bare_lf:
      return smtp::reply(554, bad_content,
                         "The message has a LF without CR: lines must end with CRLF; closing");
    case smtp::DataFault::nul:
      return smtp::reply(554, bad_content, "The message has a NUL octet; closing");
    case smtp::DataFault::line_too_long:
      break;
  }
  return smtp::reply(554, bad_content, "The message has a line that is too long");
}

}  // namespace

io::Task<std::optional<smtp::Reply>> Session::on_data() {
  connection_.append(smtp::reply(354, "Send the message; end it with <CRLF>.<CRLF>"));
  taking_message_ = true;
  smtp::DataReader reader;
  const bool whole = co_await receive_content(reader);
  std::optional<smtp::Reply> reply;
  if (whole) reply = co_await take_message(reader.fault());
  taking_message_ = false;
  phase_ = smtp::after(phase_, smtp::Verb::data);
  co_return reply;
}

io::Task<bool> Session::receive_content(smtp::DataReader& reader) {
  const Instant patience_ends = in(settings_.command_timeout);
  uint64_t octets = 0;
  while (true) {
    std::string content;
    const size_t taken = reader.feed(connection_.buffered(), content);
    connection_.drop(taken);
    octets += taken;
    co_await arrival_->add(std::move(content));
    if (reader.ended()) co_return true;
    const bool more =
        co_await receive(content_octets_at_once, content_deadline(patience_ends, octets));
    if (!more) co_return false;
  }
}

Instant Session::content_deadline(Instant patience_ends, uint64_t octets) const {
  const std::chrono::seconds earned(octets / settings_.data_octets_per_second_min);
  return std::min(in(settings_.command_timeout), patience_ends + earned);
}

io::Task<smtp::Reply> Session::take_message(std::optional<smtp::DataFault> fault) {
  if (fault) {
    // Whoever sends this may mean what follows as a second message (SMTP smuggling): the connection
    // ends here, and what follows with it.
    ended_ = *fault != smtp::DataFault::line_too_long;
    smtp::Reply refused = refuse_content(*fault);
    arrival_->reject(refused);
    co_return refused;
  }
  idle_commands_ = 0;
  tl::expected<MessageId, smtp::Reply> id = co_await arrival_->finish();
  if (!id) co_return std::move(id).error();
  std::string text = "Ok: queued as " + id->text();
  if (!arrival_->held_because().empty()) text += ", held: " + arrival_->held_because();
  co_return smtp::reply(250, {2, 0, 0}, std::move(text));
}

io::Task<std::optional<smtp::Reply>> Session::on_bdat(std::string_view arguments,
                                                      std::optional<smtp::Reply> refused) {
  const tl::expected<smtp::Chunk, smtp::Reply> chunk = smtp::parse_bdat(arguments);
  const uint64_t octets_max = services_.intake.limits().message_octets_max;
  const bool is_endless = chunk && chunk->octets > octets_max * unwanted_for_each_wanted;
  if (!chunk || is_endless) {
    // Where the next command starts nobody knows, or it is too far to go.
    ended_ = true;
    smtp::Reply reply = chunk ? intake::too_large(octets_max) : chunk.error();
    if (!refused) refuse_chunks(reply);
    co_return reply;
  }
  if (!refused && chunks_ && chunks_->refused)
    refused = smtp::reply(503, {5, 5, 1}, "The message was refused: send RSET");
  if (!refused && !chunks_) chunks_.emplace();

  taking_message_ = true;
  const bool whole = co_await receive_chunk(chunk->octets, !refused);
  if (whole && !refused) refused = co_await take_chunk(*chunk);
  taking_message_ = false;
  if (chunks_) phase_ = chunk->last ? smtp::after(phase_, smtp::Verb::data) : smtp::Phase::chunks;
  if (!whole) co_return std::nullopt;
  co_return refused;
}

io::Task<bool> Session::receive_chunk(uint64_t octets, bool wanted) {
  const Instant patience_ends = in(settings_.command_timeout);
  uint64_t taken = 0;
  while (true) {
    std::string content(connection_.buffered().substr(0, octets - taken));
    connection_.drop(content.size());
    taken += content.size();
    if (wanted) {
      chunks_->reader.feed(content);
      co_await arrival_->add(std::move(content));
    }
    if (taken == octets) co_return true;
    // No more than the chunk: what follows it is a command.
    const auto missing = size_t(std::min<uint64_t>(octets - taken, content_octets_at_once));
    const bool more = co_await receive(missing, content_deadline(patience_ends, taken));
    if (!more) co_return false;
  }
}

// The reply to a chunk that came in whole.
io::Task<smtp::Reply> Session::take_chunk(const smtp::Chunk& chunk) {
  if (chunk.last) chunks_->reader.finish();
  const std::optional<smtp::DataFault> fault = chunks_->reader.fault();
  if (!chunk.last && !fault && !arrival_->refused())
    co_return smtp::reply(250, {2, 0, 0}, fmt::format("{} octets taken", chunk.octets));
  chunks_->refused = true;  // it is settled, one way or the other
  smtp::Reply reply = co_await take_message(fault);
  co_return reply;
}

void Session::refuse_chunks(const smtp::Reply& reply) {
  const bool was_told = chunks_ && chunks_->refused;
  if (!was_told) arrival_->reject(reply);
  if (!chunks_) chunks_.emplace();
  chunks_->refused = true;
}

}  // namespace waypost::submission
