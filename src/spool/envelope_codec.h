#pragma once

#include <string>
#include <string_view>

#include "base/message_id.h"
#include "base/result.h"
#include "spool/envelope.h"

// Envelopes and progress as the spool stores them: JSON text with its version in "v";
// docs/format/spool.md lists the fields. Decoding is total: it takes any octets. It is strict about
// the fields that it knows and passes over those that it does not, so that a later release may add
// some within a version.
namespace waypost::spool {

// The highest that is read. What a reader of version 2 would send at once is written as 3 where it
// is held, and as 4 where it has a time to wait for, all else still as 2; a recipient's progress as
// 3 where a person gave it another time.
constexpr uint64_t envelope_version = 4;
constexpr uint64_t progress_version = 3;
constexpr size_t envelope_octets_max = 4 * 1024 * 1024;
constexpr size_t progress_octets_max = 1024 * 1024;

// Fails with invalid_input when decoding would refuse the result: too long, no recipient, a mailbox
// that is not one, DSN parameters of no recipient, a time outside 1970 to 9999.
Result<std::string> encode(const Envelope& envelope);
Result<std::string> encode(const RecipientProgress& progress);

// Fails with corrupt, naming the field and what is wrong with it; with unavailable when a newer
// version of Waypost wrote it.
Result<Envelope> decode_envelope(const MessageId& id, std::string_view octets);
Result<RecipientProgress> decode_progress(std::string_view octets);

}  // namespace waypost::spool
