#include "notices/reporter.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/check.h"
#include "message/header_block.h"
#include "notices/notice_text.h"

namespace waypost::notices {
namespace {

using queue::Notice;
using queue::NoticeKind;

message::DsnAction action_of(NoticeKind kind) {
  switch (kind) {
    case NoticeKind::failed:
      return message::DsnAction::failed;
    case NoticeKind::delayed:
      return message::DsnAction::delayed;
    case NoticeKind::relayed:
      break;
  }
  return message::DsnAction::relayed;
}

// RET concerns notices of failure only (RFC 3461 §4.3).
bool returns_whole(const Notice& notice, uint64_t octets_max) {
  return notice.kind == NoticeKind::failed &&
         notice.envelope->dsn.returns == smtp::ReturnContent::full &&
         notice.envelope->size_octets <= octets_max;
}

std::vector<spool::Chunk> chunks_of(message::WrittenDsn written) {
  std::vector<spool::Chunk> chunks;
  chunks.push_back({0, std::move(written.header)});
  std::string_view rest = written.body;
  while (!rest.empty()) {
    std::string_view piece = rest.substr(0, spool::chunk_octets_max);
    chunks.push_back({static_cast<uint32_t>(chunks.size()), std::string(piece)});
    rest.remove_prefix(piece.size());
  }
  return chunks;
}

}  // namespace

Reporter::Reporter(Services services, Settings settings)
    : services_(std::move(services)), settings_(std::move(settings)) {}

io::Task<Result<void>> Reporter::notify(Notice notice) {
  CHECK(notice.envelope->sender && !notice.recipients.empty());
  MessageId id = make_id();
  message::Dsn dsn = describe(notice, id);
  co_await read_returned(notice, dsn);
  spool::Envelope envelope = envelope_for(notice, dsn, id);
  message::WrittenDsn written = message::write_dsn(dsn);
  const std::string signed_by = sign(written);
  CO_TRY_VOID(co_await store(envelope, std::move(written)));
  report_accepted(envelope, notice.envelope->id, signed_by);
  services_.accepted(std::move(envelope));
  co_return Result<void>();
}

MessageId Reporter::make_id() {
  std::array<uint8_t, 10> random{};
  services_.loop.rng().fill(random);
  return MessageId::make(services_.loop.wall_now(), random);
}

message::Dsn Reporter::describe(const Notice& notice, MessageId id) const {
  const spool::Envelope& about = *notice.envelope;
  message::Dsn dsn;
  dsn.hostname = settings_.hostname;
  dsn.id = id.text();
  dsn.at = services_.loop.wall_now();
  dsn.to = about.sender->text();
  dsn.subject = notice_subject(notice);
  dsn.text = notice_text(notice, services_.replies.book(), settings_.hostname);
  dsn.envelope_id = about.dsn.envelope_id;
  dsn.arrived_at = about.accepted_at;
  dsn.message_id = about.message_id;
  dsn.utf8 = about.smtputf8;
  for (const queue::NoticedRecipient& noticed : notice.recipients) {
    message::DsnRecipient recipient;
    auto stated = about.recipient_dsn.find(noticed.recipient);
    if (stated != about.recipient_dsn.end()) recipient.original = stated->second.original_recipient;
    recipient.address = about.recipients[noticed.recipient].text();
    recipient.action = action_of(notice.kind);
    recipient.status = notice_status(notice.kind, noticed);
    recipient.is_reply = is_smtp_reply(noticed.reply);
    if (recipient.is_reply) recipient.remote_host = noticed.host;
    recipient.diagnostic = noticed.reply;
    if (noticed.attempts > 0 && !noticed.expired) recipient.last_attempt_at = noticed.at;
    if (notice.kind == NoticeKind::delayed) recipient.will_retry_until = about.expires_at;
    dsn.recipients.push_back(std::move(recipient));
  }
  return dsn;
}

// What cannot be read is left out: better a notice without it than none. The message is still in
// the spool, since one of its recipients is not settled before this notice is.
io::Task<void> Reporter::read_returned(const Notice& notice, message::Dsn& dsn) {
  bool whole = returns_whole(notice, settings_.returned_octets_max);
  // The relay's own fields, then the chunk that holds the client's header.
  uint32_t wanted = whole ? notice.envelope->chunks : std::min(notice.envelope->chunks, 2u);
  std::string octets;
  for (uint32_t index = 0; index < wanted; ++index) {
    Result<std::string> chunk = co_await services_.spool.read_chunk(notice.envelope->id, index);
    if (!chunk) co_return;
    octets += *chunk;
  }
  dsn.returned = std::move(octets);
  dsn.part = whole ? message::ReturnedPart::message : message::ReturnedPart::header;
}

spool::Envelope Reporter::envelope_for(const Notice& notice, const message::Dsn& dsn,
                                       MessageId id) const {
  const spool::Envelope& about = *notice.envelope;
  spool::Envelope envelope;
  envelope.id = id;
  envelope.accepted_at = dsn.at;
  envelope.expires_at =
      dsn.at + std::chrono::duration_cast<WallTime::duration>(settings_.expire_after);
  envelope.tenant = about.tenant;
  envelope.stream = about.stream;
  envelope.message_id = message::dsn_message_id(dsn);
  envelope.recipients = {*about.sender};
  // RFC 3461 §6.2: no notices about notices.
  envelope.recipient_dsn[0].notify.never = true;
  envelope.smtputf8 = about.smtputf8;
  return envelope;
}

// Puts signatures on top and returns the domain that they are of. Better a notice without them than
// none.
std::string Reporter::sign(message::WrittenDsn& written) const {
  if (!settings_.signers) return {};
  auto hostname = domains::normal_name(settings_.hostname, "domain");
  const auto plan = hostname ? settings_.signers->find(*hostname) : nullptr;
  if (!plan) return {};
  const message::HeaderBlock block = message::scan_header_block(written.header);
  auto signing =
      mailauth::DkimSigning::start(*plan, written.header, block, services_.loop.wall_now());
  if (!signing) return {};
  signing->add_body(written.body);
  auto fields = signing->finish();
  if (!fields) return {};
  written.header.insert(0, *fields);
  return plan->domain;
}

io::Task<Result<void>> Reporter::store(spool::Envelope& envelope, message::WrittenDsn written) {
  if (written.eight_bit) envelope.body = smtp::BodyType::eight_bit_mime;
  envelope.size_octets = written.header.size() + written.body.size();
  std::vector<spool::Chunk> chunks = chunks_of(std::move(written));
  envelope.chunks = static_cast<uint32_t>(chunks.size());
  spool::Envelope stored = envelope;
  co_return co_await services_.spool.commit(std::move(stored), std::move(chunks));
}

void Reporter::report_accepted(const spool::Envelope& envelope, MessageId about,
                               const std::string& signed_by) const {
  events::Event event;
  event.kind = events::EventKind::accepted;
  event.at = envelope.accepted_at;
  event.message = envelope.id;
  event.about = about;
  event.tenant = envelope.tenant;
  event.stream = envelope.stream;
  event.recipients = {envelope.recipients.front().text()};
  event.message_id = envelope.message_id;
  event.size_octets = envelope.size_octets;
  event.signed_by = signed_by;
  services_.events.emit(std::move(event));
}

}  // namespace waypost::notices
