#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "base/message_id.h"
#include "base/time.h"
#include "intake/submitter.h"
#include "intake/wishes.h"
#include "smtp/reply.h"

// The stage that reads the header block of an arriving message, and writes the fields that the
// relay puts on top of it. Pure.
namespace waypost::intake {

// Where a field stands in the octets, with its line end.
struct FieldPlace {
  size_t offset = 0;
  size_t octets = 0;
};

struct HeaderFacts {
  std::optional<std::string> message_id;  // the field's value on one line, 998 octets at most
  // The field's beginning as people read it, events::subject_characters_max at most; empty: none.
  std::string subject;
  bool has_date = false;
  // Whether a List-Unsubscribe field may be added: there is none, and nobody has signed what is
  // there, since a signature may say that there is none.
  bool lacks_list_unsubscribe = false;
  // Bcc and Resent-Bcc: a message tells nobody of these (RFC 5322 §3.6.3).
  std::vector<FieldPlace> blind_copies;
  // Fields that are meant for us: who reads the message has no use for them, and the next relay
  // must not take them for wishes to itself.
  std::vector<FieldPlace> wish_fields;
  // The refusal is 554 5.6.0, for whoever may have wishes.
  tl::expected<Wishes, smtp::Reply> wishes;
  // But for all of those the content begins with its body, without a header field and without a
  // blank line.
  bool starts_with_body = false;
};

// `first_octets` is the whole content, or its first 256 KiB or more; the subject is read where it
// is wanted. The refusal is 554 5.4.6 for more than `received_fields_max` Received fields (RFC 5321
// §6.3) and 554 5.6.0 for a header block over the limits of message/header_block.h.
tl::expected<HeaderFacts, smtp::Reply> examine_header(std::string_view first_octets,
                                                      size_t received_fields_max,
                                                      bool wants_subject = false);

struct Acceptance {
  MessageId id;
  WallTime at;
  std::string hostname;  // ours
  bool smtputf8 = false;
  std::optional<std::string> recipient;  // of a message to one recipient only
  WallTime dated_at;                     // for a Date field: it may be written before the rest
  std::string unsubscribe;               // for a List-Unsubscribe field: an address, or empty
};

// Message-ID, Date (RFC 6409 §8) and, where there is an address for it, List-Unsubscribe (RFC 2369
// §3.2) where they are missing. Of `acceptance` it takes the id, our name, `dated_at` and
// `unsubscribe`.
std::string missing_fields(const HeaderFacts& facts, const Acceptance& acceptance);

// Received, and the missing fields. Content that starts with its body gets the blank line that it
// lacks, so that no line of it can continue a field of ours.
std::string added_fields(const HeaderFacts& facts, const Submitter& submitter,
                         const Acceptance& acceptance);

// The value of the Message-ID field that added_fields() writes.
std::string own_message_id(const MessageId& id, std::string_view hostname);

}  // namespace waypost::intake
