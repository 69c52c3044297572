#include "cli/queue_source.h"

#include <algorithm>

#include <boost/json.hpp>

#include "cli/relay_client.h"
#include "cli/standing_json.h"
#include "io/clock.h"
#include "io/disk.h"
#include "spool/batch_store.h"
#include "spool/envelope_codec.h"
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
bool flag_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_bool() && value->get_bool();
}
WallTime time_of(const json::object& object, std::string_view key) {
  return base::parse_rfc3339(text_of(object, key)).value_or(WallTime());
}

Standing to_standing(const json::object& object) {
  Standing standing;
  standing.id = MessageId::parse(text_of(object, "id")).value_or(MessageId());
  standing.accepted_at = time_of(object, "accepted_at");
  standing.expires_at = time_of(object, "expires_at");
  standing.has_deadline = flag_of(object, "deadline");
  standing.sender = text_of(object, "sender");
  standing.recipient = text_of(object, "recipient");
  standing.tenant = text_of(object, "tenant");
  standing.stream = text_of(object, "stream");
  standing.login = text_of(object, "login");
  standing.site = text_of(object, "site");
  standing.size_octets = number_of(object, "size");
  standing.hold = queue::parse_hold(text_of(object, "hold")).value_or(Hold::stopping);
  standing.reason = text_of(object, "reason");
  standing.limit_origin = text_of(object, "limit_origin");
  standing.next_attempt_at = time_of(object, "next_attempt_at");
  standing.scheduled_at = time_of(object, "scheduled_at");
  standing.attempts = static_cast<uint32_t>(number_of(object, "attempts"));
  standing.last_reply = text_of(object, "last_reply");
  standing.last_host = text_of(object, "last_host");
  standing.reply_class = text_of(object, "class");
  standing.diagnosis = text_of(object, "diagnosis");
  return standing;
}

// One line of an answer; whether it was the last.
Result<bool> take_line(std::string_view line, QueueView& view) {
  json::error_code error;
  json::value value = json::parse(json::string_view(line.data(), line.size()), error);
  if (error || !value.is_object())
    return failure(ErrorCode::protocol, "the relay's answer is not JSON");
  const json::object& object = value.get_object();
  if (object.contains("error")) return failure(ErrorCode::invalid_input, text_of(object, "error"));
  if (object.contains("envelope")) {
    TRY(MessageId id, MessageId::parse(text_of(object, "id")));
    TRY(view.envelope, spool::decode_envelope(id, text_of(object, "envelope")));
    return false;
  }
  if (!object.contains("end")) {
    view.standings.push_back(to_standing(object));
    return false;
  }
  view.complete = object.at("complete").is_bool() && object.at("complete").get_bool();
  view.messages = number_of(object, "messages");
  view.recipients = number_of(object, "recipients");
  return true;
}

Result<QueueView> ask_for_view(const std::string& socket, const json::object& request) {
  QueueView view;
  view.relay_runs = true;
  bool ended = false;
  LineTaker take = [&](std::string_view line) -> Result<void> {
    TRY(ended, take_line(line, view));
    return {};
  };
  TRY_VOID(ask_relay(socket, json::serialize(request), take));
  if (!ended) return failure(ErrorCode::peer_gone, "the relay stopped in the middle of its answer");
  return view;
}

// What is wanted of the spool.
struct Wanted {
  queue::Selector selector;
  uint64_t limit = UINT64_MAX;
  WallTime now;
};

Standing stored_standing(const spool::StoredMessage& stored, uint32_t recipient) {
  const spool::Envelope& envelope = stored.envelope;
  Standing standing;
  standing.id = envelope.id;
  standing.accepted_at = envelope.accepted_at;
  standing.expires_at = stored.expires_at();
  standing.has_deadline = envelope.has_deadline;
  standing.sender = envelope.sender ? envelope.sender->text() : "";
  standing.recipient = envelope.recipients[recipient].text();
  standing.tenant = envelope.tenant;
  standing.stream = envelope.stream;
  standing.login = envelope.login;
  standing.size_octets = envelope.size_octets;
  standing.hold = Hold::stopping;
  standing.reason = "Waypost is not running; the next start goes on with it";
  spool::RecipientProgress progress = stored.progress_of(recipient);
  standing.attempts = progress.attempts;
  standing.last_reply = std::move(progress.last_reply);
  standing.last_host = std::move(progress.last_host);
  standing.next_attempt_at = progress.next_attempt_at;
  if (stored.awaits_schedule(recipient)) {
    standing.hold = Hold::scheduled;
    standing.scheduled_at = progress.next_attempt_at;
    standing.reason = queue::schedule_reason(standing.scheduled_at) + "; Waypost is not running";
  }
  if (progress.held) {
    standing.hold = Hold::held;
    standing.next_attempt_at = {};
    standing.reason = queue::held_reason(envelope) + "; Waypost is not running";
  }
  return standing;
}

void add_stored(const spool::StoredMessage& stored, const Wanted& wanted, QueueView& view) {
  const spool::Envelope& envelope = stored.envelope;
  ++view.messages;
  for (uint32_t i = 0; i < envelope.recipients.size(); ++i) {
    auto progress = stored.progress.find(i);
    if (progress != stored.progress.end() && progress->second.settled) continue;
    ++view.recipients;
    if (!view.complete) continue;
    Standing standing = stored_standing(stored, i);
    const queue::Selector& selector = wanted.selector;
    if (selector.selects_something() && !selector.matches(standing, wanted.now)) continue;
    view.complete = view.standings.size() < wanted.limit;
    if (view.complete) view.standings.push_back(std::move(standing));
  }
}

// What a message waits for, at which site and with which class of reply, only the relay knows.
Result<void> check_spool_can_tell(const queue::Selector& selector) {
  const bool unknown_hold = selector.hold && *selector.hold != Hold::held &&
                            *selector.hold != Hold::scheduled && *selector.hold != Hold::stopping;
  if (selector.site.empty() && selector.reply_class.empty() && !unknown_hold) return {};
  return failure(ErrorCode::unavailable,
                 "Waypost is not running, and the spool does not tell sites, classes and what "
                 "mail waits for: leave out --site, --class and --hold, or start Waypost");
}

Result<QueueView> read_spool(const std::string& path, const Wanted& wanted) {
  TRY_VOID(check_spool_can_tell(wanted.selector));
  QueueView view;
  if (!io::make_system_disk()->exists(path)) return view;
  TRY(auto store, spool::RocksStore::open_read_only(path));
  TRY_VOID(spool::recover_messages(
      *store,
      [&](const spool::StoredMessage& stored) {
        size_t before = view.standings.size();
        add_stored(stored, wanted, view);
        if (view.standings.size() > before && wanted.selector.ids.size() == 1)
          view.envelope = stored.envelope;
      },
      [](MessageId, const Error&) {}));
  return view;
}

Result<QueueView> read_view(const config::DataPaths& paths, const json::object& request,
                            const Wanted& wanted) {
  Result<QueueView> view = ask_for_view(paths.control_socket, request);
  if (view) return view;
  if (!nobody_listens(view.error()))
    return failure(
        std::move(view).error().while_doing("asking the relay at " + paths.control_socket));
  return read_spool(paths.spool, wanted);
}

}  // namespace

Result<QueueView> read_queue(const config::DataPaths& paths, const queue::Selector& selector,
                             uint64_t limit) {
  constexpr uint64_t number_max = INT64_MAX;
  json::object request{{"command", "queue.ls"}, {"limit", int64_t(std::min(limit, number_max))}};
  if (selector.selects_something()) request["selector"] = selector_json(selector);
  return read_view(paths, request, {selector, limit, io::SystemClock().wall_now()});
}

Result<QueueView> read_message(const config::DataPaths& paths, MessageId message) {
  Wanted wanted;
  wanted.selector.ids = {message};
  wanted.now = io::SystemClock().wall_now();
  return read_view(paths, {{"command", "queue.show"}, {"id", message.text()}}, wanted);
}

}  // namespace waypost::cli
