#include "intake/arrival.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/check.h"
#include "guard/address.h"
#include "guard/refusal.h"
#include "intake/intake.h"
#include "intake/replies.h"
#include "smtp/address_literal.h"

namespace waypost::intake {

Arrival::Arrival(Intake& intake, Submitter submitter, smtp::MailArguments mail)
    : intake_(intake),
      limits_(intake.limits_),
      hostname_(intake.hostname_),
      submitter_(std::move(submitter)) {
  envelope_.tenant = submitter_.tenant;
  envelope_.stream = submitter_.stream;
  envelope_.login = submitter_.login;
  envelope_.client = submitter_.client.text();
  envelope_.sender = std::move(mail.sender);
  envelope_.body = mail.body;
  envelope_.smtputf8 = mail.smtputf8;
  envelope_.dsn = std::move(mail.dsn);
  envelope_.inbound = submitter_.stranger;
  envelope_.session = submitter_.session;
  envelope_.transaction = submitter_.transaction;
}

Arrival::~Arrival() {
  // A message whose commit has begun belongs to the spool, even if nobody waits for it any more.
  if (state_ == State::arriving) discard();
}

std::optional<smtp::Reply> Arrival::add_recipient(smtp::Mailbox recipient, smtp::RecipientDsn dsn) {
  if (recipient.domain.empty()) return no_local_mailboxes();
  if (envelope_.recipients.size() >= limits_->recipients_max)
    return too_many_recipients(limits_->recipients_max);
  auto literal = smtp::address_of_literal(recipient.domain);
  if (literal && contains(limits_->forbidden_literals, *literal)) return forbidden_literal();
  if (auto refused = refuse_suppressed(recipient)) return refused;
  if (dsn != smtp::RecipientDsn())
    envelope_.recipient_dsn.emplace(uint32_t(envelope_.recipients.size()), std::move(dsn));
  envelope_.recipients.push_back(std::move(recipient));
  return std::nullopt;
}

// The stream is known with the header only: what concerns one stream is the queue's to end.
// What strangers bring is for our own domains, and reports have nobody to be told. Who left mail in
// a folder is not there to hear of one recipient: the queue tells him by a notice.
std::optional<smtp::Reply> Arrival::refuse_suppressed(const smtp::Mailbox& recipient) const {
  const guard::Suppressions* suppressions = intake_.services_.suppressions;
  if (!suppressions || !limits_->refuse_suppressed || suppressions->size() == 0)
    return std::nullopt;
  if (submitter_.stranger || submitter_.local_user || !envelope_.sender) return std::nullopt;
  const std::string key = guard::address_key(recipient);
  const std::string sender_domain = guard::domain_key(envelope_.sender->domain);
  auto found = suppressions->find({key, {}, sender_domain}, intake_.services_.loop.wall_now());
  if (!found) return std::nullopt;
  return guard::refusal_of(*found, recipient.text());
}

io::Task<void> Arrival::add(std::string content) {
  CHECK(state_ == State::arriving);
  content_octets_ += content.size();
  if (content_octets_ > limits_->message_octets_max) fail(too_large(limits_->message_octets_max));
  std::string_view rest = content;
  while (!refusal_ && !rest.empty()) {
    const std::string_view piece = rest.substr(0, spool::chunk_octets_max - pending_.size());
    pending_ += piece;
    rest.remove_prefix(piece.size());
    if (pending_.size() == spool::chunk_octets_max) co_await write_chunk();
  }
}

io::Task<void> Arrival::write_chunk() {
  // A header block that is too large, or a loop, shows in the first chunk: nothing is written then.
  if (std::optional<smtp::Reply> refusal = check_headers()) {
    fail(*std::move(refusal));
    co_return;
  }
  name_message();
  if (std::optional<smtp::Reply> refusal = sign_pending(true)) {
    fail(*std::move(refusal));
    co_return;
  }
  spool::Chunk chunk{next_chunk_++, std::exchange(pending_, std::string())};
  wrote_chunks_ = true;
  Result<void> written =
      co_await intake_.services_.spool.write_chunk(envelope_.id, std::move(chunk));
  if (written) co_return;
  if (intake_.services_.storage_failed) intake_.services_.storage_failed(written.error());
  fail(storage_refusal(written.error()));
}

io::Task<tl::expected<MessageId, smtp::Reply>> Arrival::finish() {
  CHECK(state_ == State::arriving);
  std::optional<smtp::Reply> refusal = check_limits();
  if (!refusal) refusal = check_headers();
  if (!refusal) refusal = sign_pending(false);
  if (!refusal) refusal = co_await commit();
  if (refusal) {
    reject(*refusal);
    co_return tl::unexpected<smtp::Reply>(*std::move(refusal));
  }
  co_return envelope_.id;
}

std::optional<smtp::Reply> Arrival::check_limits() const {
  if (refusal_) return refusal_;
  if (envelope_.recipients.empty()) return no_recipients();
  return std::nullopt;
}

std::optional<smtp::Reply> Arrival::check_headers() {
  if (header_) return std::nullopt;
  auto facts = examine_header(pending_, limits_->received_fields_max, limits_->tells_subject);
  if (!facts) return std::move(facts).error();
  header_ = *std::move(facts);
  std::vector<FieldPlace> fields = header_->wish_fields;
  // Strangers have nothing to wish for. RFC 6409 §8 is about mail that is submitted; what others
  // send us is not ours to change otherwise.
  if (!submitter_.stranger) {
    if (!header_->wishes) return std::move(header_->wishes).error();
    if (!header_->wishes->stream.empty()) envelope_.stream = header_->wishes->stream;
    envelope_.tags = header_->wishes->tags;
    fields.insert(fields.end(), header_->blind_copies.begin(), header_->blind_copies.end());
  }
  remove_fields(std::move(fields));
  if (header_->lacks_list_unsubscribe && intake_.services_.unsubscribe_address) {
    name_message();
    if (auto address = intake_.services_.unsubscribe_address(envelope_))
      unsubscribe_ = address->text();
  }
  return std::nullopt;
}

// The whole header block stands in the first chunk: a larger one has been refused.
void Arrival::remove_fields(std::vector<FieldPlace> fields) {
  if (fields.empty()) return;
  std::sort(fields.begin(), fields.end(),
            [](const FieldPlace& a, const FieldPlace& b) { return a.offset < b.offset; });
  std::string kept;
  size_t at = 0;
  for (const FieldPlace& field : fields) {
    kept.append(pending_, at, field.offset - at);
    at = field.offset + field.octets;
    removed_octets_ += field.octets;
  }
  kept.append(pending_, at);
  pending_ = std::move(kept);
}

// What strangers bring is not ours to sign.
bool Arrival::wants_signing() const {
  const Signing& signing = limits_->signing;
  const auto stops = [](UnsignedMail fate) { return fate >= UnsignedMail::hold; };
  const bool may_stop = stops(signing.unsigned_mail) || stops(signing.unaligned_mail);
  return !submitter_.stranger && signing.signers && (may_stop || !signing.signers->empty());
}

// `pending_` goes to the spool next, and more content will follow it or not. The first time the
// header stands in it.
std::optional<smtp::Reply> Arrival::sign_pending(bool more) {
  if (!wants_signing()) return std::nullopt;
  if (signing_) {
    signing_->add(pending_);
    return std::nullopt;
  }
  name_message();
  dated_at_ = intake_.services_.loop.wall_now();
  signing_.emplace();
  signing_->start(limits_->signing, missing_fields(*header_, acceptance()), pending_, more,
                  {envelope_.sender, submitter_.sender_domains}, dated_at_);
  const SigningChoice& choice = signing_->choice();
  const UnsignedMail fate = fate_of(choice, limits_->signing);
  // While the keys cannot be read it is to come again: what is held is not signed any more.
  const bool is_refused =
      fate == UnsignedMail::refuse || (fate == UnsignedMail::hold && choice.is_for_now);
  if (is_refused) return unsigned_refusal(choice);
  if (fate == UnsignedMail::hold) envelope_.held_because = hold_reason(choice);
  return std::nullopt;
}

io::Task<std::optional<smtp::Reply>> Arrival::commit() {
  name_message();
  Result<std::string> signatures = signing_ ? signing_->finish() : std::string();
  if (!signatures) {
    if (intake_.services_.storage_failed) intake_.services_.storage_failed(signatures.error());
    co_return cannot_sign();
  }
  envelope_.accepted_at = intake_.services_.loop.wall_now();
  if (envelope_.not_before <= envelope_.accepted_at) envelope_.not_before = {};
  set_lifetime();
  std::vector<spool::Chunk> last_chunks;
  last_chunks.push_back(take_added_fields(*std::move(signatures)));
  envelope_.size_octets = content_octets_ - removed_octets_ + last_chunks.front().octets.size();
  if (!pending_.empty())
    last_chunks.push_back({next_chunk_++, std::exchange(pending_, std::string())});
  envelope_.chunks = next_chunk_;
  if (intake_.services_.keeps_back && envelope_.held_because.empty())
    envelope_.held_because = intake_.services_.keeps_back(envelope_);

  state_ = State::committing;
  spool::Envelope envelope = envelope_;
  Result<void> committed =
      co_await intake_.services_.spool.commit(std::move(envelope), std::move(last_chunks));
  if (!committed) {
    if (intake_.services_.storage_failed) intake_.services_.storage_failed(committed.error());
    co_return storage_refusal(committed.error());
  }
  state_ = State::settled;
  if (committed_) co_await committed_();
  report_accepted();
  if (intake_.services_.accepted) intake_.services_.accepted(envelope_);
  co_return std::nullopt;
}

// What the message says, or its stream; nothing lives longer than all mail may.
void Arrival::set_lifetime() {
  std::optional<Duration> wish;
  if (!submitter_.stranger) wish = header_->wishes->expire_after;
  auto stream = limits_->stream_expires_after.find(envelope_.stream);
  if (!wish && stream != limits_->stream_expires_after.end()) wish = stream->second;
  const Duration lives = std::min(wish.value_or(limits_->expire_after), limits_->expire_after);
  envelope_.has_deadline = wish.has_value();
  envelope_.expires_at = std::max(envelope_.accepted_at, envelope_.not_before) +
                         std::chrono::duration_cast<WallTime::duration>(lives);
}

Acceptance Arrival::acceptance() const {
  Acceptance acceptance{envelope_.id,       envelope_.accepted_at, hostname_,
                        envelope_.smtputf8, std::nullopt,          dated_at_,
                        unsubscribe_};
  if (envelope_.recipients.size() == 1) acceptance.recipient = envelope_.recipients[0].text();
  return acceptance;
}

spool::Chunk Arrival::take_added_fields(std::string signatures) {
  if (!signing_) dated_at_ = envelope_.accepted_at;
  envelope_.message_id =
      header_->message_id ? *header_->message_id : own_message_id(envelope_.id, hostname_);
  return {0, std::move(signatures) + added_fields(*header_, submitter_, acceptance())};
}

void Arrival::reject(const smtp::Reply& reply) {
  // After a failed commit nobody but the spool knows what is on the disk; it may be asked to forget
  // only while it still is sure of itself.
  if (state_ == State::arriving || intake_.services_.spool.healthy()) discard();
  state_ = State::settled;
  std::vector<std::string> recipients;
  recipients.reserve(envelope_.recipients.size());
  for (const smtp::Mailbox& recipient : envelope_.recipients)
    recipients.push_back(recipient.text());
  // Whoever named it asks by its name what became of it; a 4yz settles nothing.
  std::optional<MessageId> message;
  if (adopted_ && reply.permanent()) message = envelope_.id;
  intake_.report_rejected(submitter_, envelope_.sender, std::move(recipients), reply, message);
}

// Content that comes from now on is dropped; the reply waits for the end of it.
void Arrival::fail(smtp::Reply refusal) {
  if (refusal_) return;
  refusal_ = std::move(refusal);
  pending_ = std::string();
  discard();
}

void Arrival::discard() {
  if (std::exchange(wrote_chunks_, false)) intake_.services_.spool.discard(envelope_.id);
}

void Arrival::adopt(MessageId id, std::function<io::Task<void>()> committed) {
  CHECK(!named_);
  envelope_.id = id;
  named_ = true;
  adopted_ = true;
  committed_ = std::move(committed);
}

// As late as possible, since the id tells the time of acceptance.
void Arrival::name_message() {
  if (std::exchange(named_, true)) return;
  std::array<uint8_t, 10> random{};
  intake_.services_.loop.rng().fill(random);
  envelope_.id = MessageId::make(intake_.services_.loop.wall_now(), random);
}

// Where nobody has set up keys, nobody needs to hear of each message that has none.
void Arrival::warn_of_unsigned(events::Event& accepted) const {
  if (!signing_) return;
  const SigningChoice& choice = signing_->choice();
  if (choice.plan) accepted.signed_by = choice.plan->domain;
  const UnsignedMail fate = fate_of(choice, limits_->signing);
  if (fate != UnsignedMail::warn && fate != UnsignedMail::hold) return;
  accepted.signing_trouble = choice.trouble;
  if (intake_.services_.unsigned_mail)
    intake_.services_.unsigned_mail(choice.from_domain, choice.trouble);
}

void Arrival::report_accepted() const {
  events::Event event;
  event.kind = events::EventKind::accepted;
  event.at = envelope_.accepted_at;
  event.message = envelope_.id;
  event.tenant = envelope_.tenant;
  event.stream = envelope_.stream;
  event.sender = envelope_.sender ? envelope_.sender->text() : std::string();
  for (const smtp::Mailbox& recipient : envelope_.recipients)
    event.recipients.push_back(recipient.text());
  event.login = envelope_.login;
  event.client = envelope_.client;
  event.session = envelope_.session;
  event.transaction = envelope_.transaction;
  event.tags = envelope_.tags;
  event.message_id = envelope_.message_id;
  event.subject = header_->subject;
  event.size_octets = envelope_.size_octets;
  event.inbound = envelope_.inbound;
  if (envelope_.not_before != WallTime()) event.scheduled_at = envelope_.not_before;
  warn_of_unsigned(event);
  intake_.services_.events.emit(std::move(event));
}

}  // namespace waypost::intake
