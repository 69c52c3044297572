#include <array>
#include <utility>

#include "returns/reader.h"

// What no program can use goes on to people, as a message of its own.
namespace waypost::returns {

io::Task<Result<void>> Reader::send_on(const spool::Envelope& envelope, const smtp::Mailbox& to) {
  std::array<uint8_t, 10> random{};
  services_.loop.rng().fill(random);
  spool::Envelope next = envelope;
  next.accepted_at = services_.loop.wall_now();
  next.expires_at = next.accepted_at + (envelope.expires_at - envelope.accepted_at);
  next.id = MessageId::make(next.accepted_at, random);
  // Nobody is told should it fail, and so it can never come back here.
  next.sender.reset();
  next.inbound = true;
  next.recipients = {to};
  next.dsn = {};
  next.recipient_dsn.clear();
  std::vector<spool::Chunk> last;
  for (uint32_t index = 0; index < envelope.chunks; ++index) {
    CO_TRY(std::string octets, co_await services_.spool.read_chunk(envelope.id, index));
    spool::Chunk chunk{index, std::move(octets)};
    if (index + 1 == envelope.chunks) {
      last.push_back(std::move(chunk));
      continue;
    }
    CO_TRY_VOID(co_await services_.spool.write_chunk(next.id, std::move(chunk)));
  }
  spool::Envelope stored = next;
  CO_TRY_VOID(co_await services_.spool.commit(std::move(stored), std::move(last)));
  events::Event event;
  event.kind = events::EventKind::accepted;
  event.at = next.accepted_at;
  event.message = next.id;
  event.about = envelope.id;
  event.tenant = next.tenant;
  event.stream = next.stream;
  event.recipients = {to.text()};
  event.message_id = next.message_id;
  event.size_octets = next.size_octets;
  event.inbound = next.inbound;
  services_.events.emit(std::move(event));
  services_.accepted(std::move(next));
  co_return Result<void>();
}

}  // namespace waypost::returns
