#include "spool/batch_store.h"

#include <optional>
#include <span>

#include "spool/envelope_codec.h"

namespace waypost::spool {
namespace {

tl::unexpected<Error> odd_key(Family family, size_t octets) {
  return failure(ErrorCode::corrupt, "a key of " + std::to_string(octets) + " octets in family " +
                                         family_names[size_t(family)] + " of the spool");
}

// Reads what is known of the recipients of one message; `cursor` stands at its first part or before
// and ends behind its last. Parts of messages that are no more are passed over.
Result<void> read_progress(Cursor& cursor, StoredMessage& message) {
  const std::string_view wanted = message.envelope.id.raw();
  Result<void> outcome;
  for (; cursor.valid(); cursor.next()) {
    std::string_view key = cursor.key();
    if (key.size() != part_key_octets) return odd_key(Family::progress, key.size());
    int order = key.substr(0, MessageId::octets).compare(wanted);
    if (order > 0) break;
    if (order < 0 || !outcome) continue;
    uint32_t recipient = number_of(key);
    auto progress = decode_progress(cursor.value());
    if (!progress)
      outcome = failure(std::move(progress).error().while_doing(
          "reading the progress of recipient " + std::to_string(recipient)));
    else if (recipient >= message.envelope.recipients.size())
      outcome = failure(ErrorCode::corrupt, "progress of recipient " + std::to_string(recipient) +
                                                " of " +
                                                std::to_string(message.envelope.recipients.size()));
    else
      message.progress.emplace_hint(message.progress.end(), recipient, *std::move(progress));
  }
  return outcome;
}

Result<StoredMessage> read_message(Cursor& envelope, Cursor& progress) {
  StoredMessage message;
  TRY(message.envelope, decode_envelope(id_of(envelope.key()), envelope.value()));
  TRY_VOID(read_progress(progress, message));
  return message;
}

Result<bool> holds(Cursor& cursor, std::string_view key) {
  cursor.seek(key);
  if (!cursor.valid()) TRY_VOID(cursor.state());
  return cursor.valid() && cursor.key() == key;
}

}  // namespace

MessageId id_of(std::string_view key) {
  return MessageId::from_octets(std::span<const uint8_t, MessageId::octets>(
      reinterpret_cast<const uint8_t*>(key.data()), MessageId::octets));
}

uint32_t number_of(std::string_view key) {
  uint32_t number = 0;
  for (char octet : key.substr(MessageId::octets)) number = number << 8 | uint8_t(octet);
  return number;
}

std::string part_key(const MessageId& id, uint32_t number) {
  std::string key(id.raw());
  for (int shift = 24; shift >= 0; shift -= 8) key += char(number >> shift & 0xff);
  return key;
}

Result<std::vector<Operation>> sweep_operations(const BatchStore& store) {
  std::vector<Operation> operations;
  auto markers = store.scan(Family::arriving);
  auto envelopes = store.scan(Family::envelopes);
  auto bodies = store.scan(Family::bodies);
  for (markers->seek({}); markers->valid(); markers->next()) {
    const std::string id(markers->key());
    operations.push_back({Operation::Kind::erase_once, Family::arriving, id, {}});
    // A commit takes its marker away in the same batch, so this is never true; if it were, the mail
    // that we promised to keep matters more than the space.
    TRY(bool accepted, holds(*envelopes, id));
    if (accepted) continue;
    for (bodies->seek(id); bodies->valid() && bodies->key().starts_with(id); bodies->next())
      operations.push_back(
          {Operation::Kind::erase_once, Family::bodies, std::string(bodies->key()), {}});
    TRY_VOID(bodies->state());
  }
  TRY_VOID(markers->state());
  return operations;
}

Result<void> recover_messages(const BatchStore& store,
                              const std::function<void(StoredMessage)>& found,
                              const std::function<void(MessageId, Error)>& damaged) {
  auto envelopes = store.scan(Family::envelopes);
  auto progress = store.scan(Family::progress);
  progress->seek({});
  for (envelopes->seek({}); envelopes->valid(); envelopes->next()) {
    std::string_view key = envelopes->key();
    if (key.size() != MessageId::octets) return odd_key(Family::envelopes, key.size());
    auto message = read_message(*envelopes, *progress);
    if (message)
      found(*std::move(message));
    else
      damaged(id_of(key),
              std::move(message).error().while_doing("reading message " + id_of(key).text()));
  }
  TRY_VOID(envelopes->state());
  return progress->state();
}

}  // namespace waypost::spool
