#include "cli/queue_source.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/relay_client.h"
#include "io/disk.h"
#include "spool/batch_store.h"
#include "spool/rocks_store.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using queue::Hold;
using queue::Standing;

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}
uint64_t number_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_int64() ? static_cast<uint64_t>(value->get_int64()) : 0;
}
WallTime time_of(const json::object& object, std::string_view key) {
  return base::parse_rfc3339(text_of(object, key)).value_or(WallTime());
}

Hold hold_named(const std::string& text) {
  for (int i = 0; i <= static_cast<int>(Hold::stopping); ++i)
    if (queue::name(static_cast<Hold>(i)) == text) return static_cast<Hold>(i);
  return Hold::stopping;
}

Standing to_standing(const json::object& object) {
  Standing standing;
  standing.id = MessageId::parse(text_of(object, "id")).value_or(MessageId());
  standing.accepted_at = time_of(object, "accepted_at");
  standing.expires_at = time_of(object, "expires_at");
  standing.sender = text_of(object, "sender");
  standing.recipient = text_of(object, "recipient");
  standing.stream = text_of(object, "stream");
  standing.site = text_of(object, "site");
  standing.size_octets = number_of(object, "size");
  standing.hold = hold_named(text_of(object, "hold"));
  standing.reason = text_of(object, "reason");
  standing.limit_origin = text_of(object, "limit_origin");
  standing.next_attempt_at = time_of(object, "next_attempt_at");
  standing.attempts = static_cast<uint32_t>(number_of(object, "attempts"));
  standing.last_reply = text_of(object, "last_reply");
  standing.last_host = text_of(object, "last_host");
  return standing;
}

Result<QueueView> parse_answer(std::string_view answer) {
  QueueView view;
  view.relay_runs = true;
  bool ended = false;
  while (!answer.empty()) {
    size_t end = std::min(answer.find('\n'), answer.size());
    json::error_code error;
    json::value value = json::parse(json::string_view(answer.data(), end), error);
    answer.remove_prefix(std::min(end + 1, answer.size()));
    if (error || !value.is_object())
      return failure(ErrorCode::protocol, "the relay's answer is not JSON");
    const json::object& object = value.get_object();
    if (object.contains("error"))
      return failure(ErrorCode::invalid_input, text_of(object, "error"));
    if (!object.contains("end")) {
      view.standings.push_back(to_standing(object));
      continue;
    }
    ended = true;
    view.complete = object.at("complete").is_bool() && object.at("complete").get_bool();
    view.messages = number_of(object, "messages");
    view.recipients = number_of(object, "recipients");
  }
  if (!ended) return failure(ErrorCode::peer_gone, "the relay stopped in the middle of its answer");
  return view;
}

void add_stored(const spool::StoredMessage& stored, uint64_t limit, QueueView& view) {
  const spool::Envelope& envelope = stored.envelope;
  ++view.messages;
  for (uint32_t i = 0; i < envelope.recipients.size(); ++i) {
    auto progress = stored.progress.find(i);
    bool tried = progress != stored.progress.end();
    if (tried && progress->second.settled) continue;
    ++view.recipients;
    view.complete = view.standings.size() < limit;
    if (!view.complete) continue;
    Standing standing;
    standing.id = envelope.id;
    standing.accepted_at = envelope.accepted_at;
    standing.expires_at = envelope.expires_at;
    standing.sender = envelope.sender ? envelope.sender->text() : "";
    standing.recipient = envelope.recipients[i].text();
    standing.stream = envelope.stream;
    standing.size_octets = envelope.size_octets;
    standing.hold = Hold::stopping;
    standing.reason = "Waypost is not running; the next start goes on with it";
    if (tried) {
      standing.attempts = progress->second.attempts;
      standing.last_reply = progress->second.last_reply;
      standing.last_host = progress->second.last_host;
      standing.next_attempt_at = progress->second.next_attempt_at;
    }
    view.standings.push_back(std::move(standing));
  }
}

Result<QueueView> read_spool(const std::string& path, std::optional<MessageId> message,
                             uint64_t limit) {
  QueueView view;
  if (!io::make_system_disk()->exists(path)) return view;
  TRY(auto store, spool::RocksStore::open_read_only(path));
  TRY_VOID(spool::recover_messages(
      *store,
      [&](const spool::StoredMessage& stored) {
        if (!message || stored.envelope.id == *message) add_stored(stored, limit, view);
      },
      [](MessageId, const Error&) {}));
  return view;
}

}  // namespace

Result<QueueView> read_queue(const config::DataPaths& paths, std::optional<MessageId> message,
                             uint64_t limit) {
  json::object request;
  if (message)
    request = {{"command", "queue.show"}, {"id", message->text()}};
  else
    request = {{"command", "queue.ls"}, {"limit", static_cast<int64_t>(limit)}};
  Result<std::string> answer = ask_relay(paths.control_socket, json::serialize(request));
  if (answer) return parse_answer(*answer);
  if (!nobody_listens(answer.error()))
    return failure(
        std::move(answer).error().while_doing("asking the relay at " + paths.control_socket));
  return read_spool(paths.spool, message, limit);
}

}  // namespace waypost::cli
