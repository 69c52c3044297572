#include "queue/item.h"

#include <utility>

namespace waypost::queue {
namespace {

constexpr size_t packed_recipients_max = 16;

}  // namespace

Message::Message(spool::Envelope the_envelope)
    : id(the_envelope.id),
      has_deadline(the_envelope.has_deadline),
      unsettled(static_cast<uint32_t>(the_envelope.recipients.size())),
      recipients(the_envelope.recipients.size()),
      whole(std::make_shared<const spool::Envelope>(std::move(the_envelope))) {}

std::shared_ptr<const spool::Envelope> Message::envelope() const {
  return whole ? whole : std::make_shared<const spool::Envelope>(packed.unpack(id));
}

void Message::pack() {
  if (!whole || recipients.size() > packed_recipients_max) return;
  packed = PackedEnvelope(*whole);
  whole.reset();
}

void Message::unpack() {
  if (whole) return;
  whole = envelope();
  packed = {};
}

}  // namespace waypost::queue
