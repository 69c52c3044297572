#include "spool/envelope_codec.h"

#include <limits>
#include <utility>

#include <boost/json.hpp>

#include "base/json_writer.h"

namespace waypost::spool {
namespace {

namespace json = boost::json;

// The end of the year 9999, so that every stored time can be shown in RFC 3339.
constexpr int64_t microseconds_max = 253'402'300'799'999'999;

constexpr size_t envelope_octets_usual = 640;
constexpr size_t progress_octets_usual = 256;

tl::unexpected<Error> corrupt(std::string_view field, std::string_view what) {
  return failure(ErrorCode::corrupt, "field \"" + std::string(field) + "\" " + std::string(what));
}

json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

// Typed access to the fields of one stored object.
class Fields {
 public:
  explicit Fields(const json::object& object) : object_(object) {}

  Result<const json::value*> value(std::string_view name) const {
    const json::value* found = object_.if_contains(view(name));
    if (!found) return corrupt(name, "is missing");
    return found;
  }

  Result<uint64_t> number(std::string_view name, uint64_t max) const {
    TRY(const json::value* found, value(name));
    const int64_t* whole = found->if_int64();
    if (!whole || *whole < 0)
      return corrupt(name, found->is_uint64() ? "is too large" : "is not a whole number from 0 on");
    if (uint64_t(*whole) > max) return corrupt(name, "is over " + std::to_string(max));
    return uint64_t(*whole);
  }

  Result<WallTime> time(std::string_view name) const {
    TRY(uint64_t microseconds, number(name, microseconds_max));
    return WallTime(std::chrono::microseconds(microseconds));
  }

  Result<bool> boolean(std::string_view name) const {
    TRY(const json::value* found, value(name));
    if (!found->is_bool()) return corrupt(name, "is neither true nor false");
    return found->get_bool();
  }

  // One that is written only where it is true.
  Result<bool> flag(std::string_view name) const {
    if (!object_.contains(view(name))) return false;
    return boolean(name);
  }

  Result<std::string> text(std::string_view name) const {
    TRY(const json::value* found, value(name));
    return text_of(name, *found);
  }

  Result<const json::array*> array(std::string_view name) const {
    TRY(const json::value* found, value(name));
    if (!found->is_array()) return corrupt(name, "is not a list");
    return &found->get_array();
  }

  Result<const json::object*> object(std::string_view name) const {
    TRY(const json::value* found, value(name));
    if (!found->is_object()) return corrupt(name, "is not an object");
    return &found->get_object();
  }

  static Result<std::string> text_of(std::string_view name, const json::value& value) {
    if (!value.is_string()) return corrupt(name, "is not text");
    return std::string(value.get_string().data(), value.get_string().size());
  }

 private:
  const json::object& object_;
};

// <Postmaster> without a domain is a mailbox of the envelope, but not local-part@domain.
Result<smtp::Mailbox> mailbox_of(const std::string& text) {
  if (text == "postmaster") return smtp::Mailbox{text, ""};
  return smtp::parse_mailbox(text, smtp::Characters::utf8);
}

Result<smtp::Mailbox> mailbox_of(std::string_view name, const json::value& value) {
  TRY(std::string text, Fields::text_of(name, value));
  auto mailbox = mailbox_of(text);
  if (!mailbox) return corrupt(name, "holds no address: " + mailbox.error().message());
  return mailbox;
}

std::string_view name(smtp::BodyType body) {
  return body == smtp::BodyType::eight_bit_mime ? "8bitmime" : "7bit";
}

Result<smtp::BodyType> body_of(std::string_view text) {
  if (text == name(smtp::BodyType::seven_bit)) return smtp::BodyType::seven_bit;
  if (text == name(smtp::BodyType::eight_bit_mime)) return smtp::BodyType::eight_bit_mime;
  return corrupt("body", "is neither 7bit nor 8bitmime");
}

std::string_view name(smtp::ReturnContent returns) {
  switch (returns) {
    case smtp::ReturnContent::full:
      return "full";
    case smtp::ReturnContent::headers:
      return "headers";
    case smtp::ReturnContent::unstated:
      break;
  }
  return "";
}

Result<smtp::ReturnContent> returns_of(std::string_view text) {
  for (auto returns :
       {smtp::ReturnContent::unstated, smtp::ReturnContent::full, smtp::ReturnContent::headers})
    if (text == name(returns)) return returns;
  return corrupt("dsn_return", "is neither full nor headers");
}

Result<smtp::RecipientDsn> recipient_dsn_of(const Fields& fields) {
  smtp::RecipientDsn dsn;
  TRY(dsn.notify.never, fields.boolean("never"));
  TRY(dsn.notify.success, fields.boolean("success"));
  TRY(dsn.notify.failure, fields.boolean("failure"));
  TRY(dsn.notify.delay, fields.boolean("delay"));
  TRY(dsn.original_recipient, fields.text("original"));
  return dsn;
}

// The object in `octets`, in memory of `storage`, when it is of a version that we read.
Result<json::value> parse(std::string_view octets, size_t octets_max, uint64_t version,
                          json::storage_ptr storage) {
  if (octets.size() > octets_max)
    return failure(ErrorCode::corrupt, std::to_string(octets.size()) + " octets, more than the " +
                                           std::to_string(octets_max) + " that are allowed");
  json::parse_options options;
  options.allow_invalid_utf8 = true;  // a peer's reply may be anything
  boost::system::error_code error;
  json::value value = json::parse(view(octets), error, storage, options);
  if (error) return failure(ErrorCode::corrupt, "not JSON: " + error.message());
  if (!value.is_object()) return failure(ErrorCode::corrupt, "not a JSON object");
  TRY(uint64_t found, Fields(value.get_object()).number("v", std::numeric_limits<uint32_t>::max()));
  if (found == 0) return corrupt("v", "is 0");
  if (found > version)
    return failure(ErrorCode::unavailable, "written by a newer Waypost: version " +
                                               std::to_string(found) + ", this one reads up to " +
                                               std::to_string(version));
  return value;
}

Result<void> read_labels(const Fields& fields, Envelope& envelope) {
  TRY(const json::array* tags, fields.array("tags"));
  for (const json::value& tag : *tags) {
    TRY(std::string text, Fields::text_of("tags", tag));
    envelope.tags.push_back(std::move(text));
  }
  TRY(const json::object* metadata, fields.object("metadata"));
  for (const auto& [key, value] : *metadata) {
    TRY(std::string text, Fields::text_of("metadata", value));
    envelope.metadata.insert_or_assign(std::string(key.data(), key.size()), std::move(text));
  }
  return {};
}

Result<void> read_addresses(const Fields& fields, Envelope& envelope) {
  TRY(const json::value* sender, fields.value("sender"));
  if (!sender->is_null()) {
    TRY(envelope.sender, mailbox_of("sender", *sender));
  }
  TRY(const json::array* recipients, fields.array("recipients"));
  if (recipients->empty()) return corrupt("recipients", "is empty");
  envelope.recipients.reserve(recipients->size());
  for (const json::value& recipient : *recipients) {
    TRY(smtp::Mailbox mailbox, mailbox_of("recipients", recipient));
    envelope.recipients.push_back(std::move(mailbox));
  }
  return {};
}

Result<void> read_dsn(const Fields& fields, Envelope& envelope) {
  TRY(std::string returns, fields.text("dsn_return"));
  TRY(envelope.dsn.returns, returns_of(returns));
  TRY(envelope.dsn.envelope_id, fields.text("dsn_envelope_id"));
  TRY(const json::array* recipients, fields.array("dsn_recipients"));
  for (const json::value& entry : *recipients) {
    if (!entry.is_object()) return corrupt("dsn_recipients", "holds what is not an object");
    Fields of_recipient(entry.get_object());
    TRY(uint64_t index, of_recipient.number("recipient", envelope.recipients.size() - 1));
    TRY(smtp::RecipientDsn dsn, recipient_dsn_of(of_recipient));
    envelope.recipient_dsn.insert_or_assign(uint32_t(index), std::move(dsn));
  }
  return {};
}

// What version 2 brought.
Result<void> read_extensions(const Fields& fields, Envelope& envelope) {
  TRY(envelope.smtputf8, fields.boolean("smtputf8"));
  TRY_VOID(read_dsn(fields, envelope));
  TRY(envelope.inbound, fields.boolean("inbound"));
  TRY(envelope.session, fields.text("session"));
  TRY(uint64_t transaction, fields.number("transaction", std::numeric_limits<uint32_t>::max()));
  envelope.transaction = uint32_t(transaction);
  return {};
}

// What version 3 brought. Only an envelope that is kept back is written in it.
Result<void> read_hold(const Fields& fields, Envelope& envelope) {
  TRY(envelope.held_because, fields.text("held_because"));
  return {};
}

// What version 4 brought. Only an envelope with a time to wait for is written in it.
Result<void> read_schedule(const Fields& fields, Envelope& envelope) {
  TRY(envelope.not_before, fields.time("not_before"));
  if (envelope.not_before > envelope.expires_at)
    return corrupt("not_before", "is behind the time at which it is given up");
  return {};
}

Result<Envelope> read_envelope(const Fields& fields) {
  Envelope envelope;
  TRY(envelope.accepted_at, fields.time("accepted_at"));
  TRY(envelope.expires_at, fields.time("expires_at"));
  TRY(envelope.has_deadline, fields.flag("deadline"));
  TRY(envelope.tenant, fields.text("tenant"));
  TRY(envelope.stream, fields.text("stream"));
  TRY_VOID(read_labels(fields, envelope));
  TRY(envelope.login, fields.text("login"));
  TRY(envelope.client, fields.text("client"));
  TRY(envelope.message_id, fields.text("message_id"));
  TRY_VOID(read_addresses(fields, envelope));
  TRY(std::string body, fields.text("body"));
  TRY(envelope.body, body_of(body));
  TRY(envelope.size_octets, fields.number("size_octets", std::numeric_limits<int64_t>::max()));
  TRY(uint64_t chunks, fields.number("chunks", std::numeric_limits<uint32_t>::max()));
  envelope.chunks = uint32_t(chunks);
  TRY(uint64_t version, fields.number("v", envelope_version));
  if (version >= 2) TRY_VOID(read_extensions(fields, envelope));
  if (version >= 3) TRY_VOID(read_hold(fields, envelope));
  if (version >= 4) TRY_VOID(read_schedule(fields, envelope));
  return envelope;
}

// Lists and maps: the entries between two brackets, with commas.
template <class Entries, class Append>
void append_entries(std::string& text, std::string_view brackets, const Entries& entries,
                    Append append) {
  text += brackets.front();
  bool first = true;
  for (const auto& entry : entries) {
    if (!std::exchange(first, false)) text += ',';
    append(entry);
  }
  text += brackets.back();
}

void append_labels(base::JsonWriter& writer, const Envelope& envelope) {
  std::string& text = writer.member("tags");
  append_entries(text, "[]", envelope.tags,
                 [&](const std::string& tag) { base::append_json_string(text, tag); });
  writer.member("metadata");
  append_entries(text, "{}", envelope.metadata, [&](const auto& entry) {
    base::append_json_string(text, entry.first);
    text += ':';
    base::append_json_string(text, entry.second);
  });
}

void append_addresses(base::JsonWriter& writer, const Envelope& envelope) {
  if (envelope.sender)
    writer.text("sender", envelope.sender->text());
  else
    writer.member("sender") += "null";
  std::string& text = writer.member("recipients");
  append_entries(text, "[]", envelope.recipients, [&](const smtp::Mailbox& recipient) {
    base::append_json_string(text, recipient.text());
  });
}

void append_dsn(base::JsonWriter& writer, const Envelope& envelope) {
  writer.text("dsn_return", name(envelope.dsn.returns));
  writer.text("dsn_envelope_id", envelope.dsn.envelope_id);
  std::string& text = writer.member("dsn_recipients");
  append_entries(text, "[]", envelope.recipient_dsn, [&](const auto& entry) {
    const auto& [recipient, dsn] = entry;
    base::JsonWriter one(0);
    one.number("recipient", recipient);
    one.boolean("never", dsn.notify.never);
    one.boolean("success", dsn.notify.success);
    one.boolean("failure", dsn.notify.failure);
    one.boolean("delay", dsn.notify.delay);
    one.text("original", dsn.original_recipient);
    text += std::move(one).finish();
  });
}

// The lowest that says all there is to say.
int64_t version_of(const Envelope& envelope) {
  if (envelope.not_before != WallTime()) return 4;
  return envelope.held_because.empty() ? 2 : 3;
}

std::string to_json(const Envelope& envelope) {
  const int64_t version = version_of(envelope);
  base::JsonWriter writer(envelope_octets_usual);
  writer.number("v", version);
  writer.number("accepted_at", envelope.accepted_at.time_since_epoch().count());
  writer.number("expires_at", envelope.expires_at.time_since_epoch().count());
  writer.text("tenant", envelope.tenant);
  writer.text("stream", envelope.stream);
  append_labels(writer, envelope);
  writer.text("login", envelope.login);
  writer.text("client", envelope.client);
  writer.text("message_id", envelope.message_id);
  append_addresses(writer, envelope);
  writer.text("body", name(envelope.body));
  writer.boolean("smtputf8", envelope.smtputf8);
  append_dsn(writer, envelope);
  writer.boolean("inbound", envelope.inbound);
  writer.text("session", envelope.session);
  writer.number("transaction", envelope.transaction);
  writer.number("size_octets", static_cast<int64_t>(envelope.size_octets));
  writer.number("chunks", envelope.chunks);
  if (envelope.has_deadline) writer.boolean("deadline", true);
  if (version >= 3) writer.text("held_because", envelope.held_because);
  if (version >= 4) writer.number("not_before", envelope.not_before.time_since_epoch().count());
  return std::move(writer).finish();
}

tl::unexpected<Error> not_storable(std::string what) {
  return failure(ErrorCode::invalid_input, "cannot be stored: " + std::move(what));
}

Result<void> check_time(std::string_view field, WallTime time) {
  int64_t microseconds = time.time_since_epoch().count();
  if (microseconds < 0 || microseconds > microseconds_max)
    return not_storable(std::string(field) + " is outside the years 1970 to 9999");
  return {};
}

Result<void> check_mailbox(const smtp::Mailbox& mailbox) {
  auto read_back = mailbox_of(mailbox.text());
  if (!read_back || *read_back != mailbox) return not_storable("a mailbox is not in its one form");
  return {};
}

Result<void> check(const Envelope& envelope) {
  TRY_VOID(check_time("accepted_at", envelope.accepted_at));
  TRY_VOID(check_time("expires_at", envelope.expires_at));
  TRY_VOID(check_time("not_before", envelope.not_before));
  if (envelope.not_before > envelope.expires_at)
    return not_storable("not_before is behind expires_at");
  if (envelope.sender) TRY_VOID(check_mailbox(*envelope.sender));
  if (envelope.recipients.empty()) return not_storable("there is no recipient");
  for (const auto& recipient : envelope.recipients) TRY_VOID(check_mailbox(recipient));
  if (!envelope.recipient_dsn.empty() &&
      envelope.recipient_dsn.rbegin()->first >= envelope.recipients.size())
    return not_storable("there are DSN parameters of a recipient that does not exist");
  if (envelope.size_octets > uint64_t(std::numeric_limits<int64_t>::max()))
    return not_storable("the size is too large");
  return {};
}

Result<std::string> within(std::string text, size_t octets_max) {
  if (text.size() > octets_max)
    return not_storable(std::to_string(text.size()) + " octets, more than the " +
                        std::to_string(octets_max) + " that are allowed");
  return text;
}

}  // namespace

Result<std::string> encode(const Envelope& envelope) {
  TRY_VOID(check(envelope));
  return within(to_json(envelope), envelope_octets_max);
}

Result<std::string> encode(const RecipientProgress& progress) {
  TRY_VOID(check_time("next_attempt_at", progress.next_attempt_at));
  TRY_VOID(check_time("scheduled_at", progress.scheduled_at));
  const bool is_scheduled = progress.scheduled_at != WallTime();
  base::JsonWriter writer(progress_octets_usual);
  writer.number("v", is_scheduled ? 3 : 2);
  writer.boolean("settled", progress.settled);
  writer.number("attempts", progress.attempts);
  writer.number("next_attempt_at", progress.next_attempt_at.time_since_epoch().count());
  writer.text("last_reply", progress.last_reply);
  writer.text("last_host", progress.last_host);
  writer.boolean("held", progress.held);
  writer.boolean("delay_notified", progress.delay_notified);
  if (is_scheduled) writer.number("scheduled_at", progress.scheduled_at.time_since_epoch().count());
  return within(std::move(writer).finish(), progress_octets_max);
}

Result<Envelope> decode_envelope(const MessageId& id, std::string_view octets) {
  unsigned char buffer[4096];  // most envelopes fit: no heap for the intermediate form
  json::monotonic_resource memory(buffer, sizeof buffer);
  TRY(json::value value, parse(octets, envelope_octets_max, envelope_version, &memory));
  TRY(Envelope envelope, read_envelope(Fields(value.get_object())));
  envelope.id = id;
  return envelope;
}

Result<RecipientProgress> decode_progress(std::string_view octets) {
  unsigned char buffer[1024];
  json::monotonic_resource memory(buffer, sizeof buffer);
  TRY(json::value value, parse(octets, progress_octets_max, progress_version, &memory));
  Fields fields(value.get_object());
  RecipientProgress progress;
  TRY(progress.settled, fields.boolean("settled"));
  TRY(uint64_t attempts, fields.number("attempts", std::numeric_limits<uint32_t>::max()));
  progress.attempts = uint32_t(attempts);
  TRY(progress.next_attempt_at, fields.time("next_attempt_at"));
  TRY(progress.last_reply, fields.text("last_reply"));
  TRY(progress.last_host, fields.text("last_host"));
  TRY(uint64_t version, fields.number("v", progress_version));
  if (version < 2) return progress;
  TRY(progress.held, fields.boolean("held"));
  TRY(progress.delay_notified, fields.boolean("delay_notified"));
  if (version < 3) return progress;
  TRY(progress.scheduled_at, fields.time("scheduled_at"));
  return progress;
}

}  // namespace waypost::spool
