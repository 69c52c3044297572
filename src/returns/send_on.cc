#include <array>
#include <utility>

#include "returns/reader.h"

// What no program can use goes on to people, as a message of its own.
namespace waypost::returns {
namespace {

// What it has written where it fails is the caller's to discard.
io::Task<Result<void>> store_copy(spool::Spool& spool, const spool::Envelope& of,
                                  const spool::Envelope& copy) {
  std::vector<spool::Chunk> last;
  for (uint32_t index = 0; index < of.chunks; ++index) {
    CO_TRY(std::string octets, co_await spool.read_chunk(of.id, index));
    spool::Chunk chunk{index, std::move(octets)};
    if (index + 1 == of.chunks) {
      last.push_back(std::move(chunk));
      continue;
    }
    CO_TRY_VOID(co_await spool.write_chunk(copy.id, std::move(chunk)));
  }
  spool::Envelope stored = copy;
  CO_TRY_VOID(co_await spool.commit(std::move(stored), std::move(last)));
  co_return Result<void>();
}

}  // namespace

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
  Result<void> stored = co_await store_copy(services_.spool, envelope, next);
  if (!stored) {
    // After a failed commit only a spool that is sure of itself may be asked to forget.
    if (services_.spool.healthy()) services_.spool.discard(next.id);
    co_return stored;
  }
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
