#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "base/message_id.h"
#include "events/event.h"
#include "intake/header_stage.h"
#include "intake/signing_stage.h"
#include "intake/submitter.h"
#include "io/task.h"
#include "smtp/address.h"
#include "smtp/command.h"
#include "smtp/reply.h"
#include "spool/envelope.h"
#include "spool/spool.h"

namespace waypost::intake {

class Intake;
struct Limits;

// One message on its way in. Its content goes to the spool while it arrives, so that it holds about
// one chunk (256 KiB) at a time, however large the message is. One that is dropped before finish()
// leaves nothing behind.
class Arrival {
 public:
  // Intake::start() makes them.
  Arrival(Intake& intake, Submitter submitter, smtp::MailArguments mail);
  Arrival(const Arrival&) = delete;
  Arrival& operator=(const Arrival&) = delete;
  ~Arrival();

  // Nothing when the recipient was taken; 452 4.5.3 over the limit; 550 5.1.1 for <Postmaster>
  // without a domain, since a relay has no mailboxes; 550 5.1.2 for an address literal where no
  // mail may go; 550 for one that is not to be written to.
  std::optional<smtp::Reply> add_recipient(smtp::Mailbox recipient, smtp::RecipientDsn dsn = {});

  // Takes the next piece of content, of any size, without SMTP's transparency dots. Content of a
  // message that is already refused is dropped; finish() then says why. Suspends while the spool
  // writes.
  io::Task<void> add(std::string content);

  // limits -> headers -> sign -> commit. With an id the message is on stable storage, the event
  // `accepted` is out and the queue knows; with a reply it is not accepted and the event `rejected`
  // is out. Once the commit has begun it is waited for, whatever becomes of the client. Call it
  // once.
  io::Task<tl::expected<MessageId, smtp::Reply>> finish();

  // The message was named before it came here: its refusal for good has that name. `committed` is
  // awaited between the commit and the queue: what must be done before anybody can deliver it.
  // Before the first add().
  void adopt(MessageId id, std::function<io::Task<void>()> committed);

  // It is not to be sent before that time; its time to live counts from then on. A time that is
  // over means at once. At most queue::schedule_ahead_max ahead: the caller's to check. Before
  // finish().
  void schedule(WallTime not_before) { envelope_.not_before = not_before; }
  // After finish(): the epoch when it goes at once.
  WallTime not_before() const { return envelope_.not_before; }

  // Refuses the message for a reason that only the caller can see, instead of finish().
  void reject(const smtp::Reply& reply);

  // Whether finish() will say no, whatever comes.
  bool refused() const { return refusal_.has_value(); }

  const Submitter& submitter() const { return submitter_; }
  smtp::Characters characters() const {
    return envelope_.smtputf8 ? smtp::Characters::utf8 : smtp::Characters::ascii;
  }
  const std::optional<smtp::Mailbox>& sender() const { return envelope_.sender; }
  // After finish(): why it waits until a person lets it go; empty when it does not.
  const std::string& held_because() const { return envelope_.held_because; }

 private:
  enum class State { arriving, committing, settled };

  std::optional<smtp::Reply> refuse_suppressed(const smtp::Mailbox& recipient) const;
  std::optional<smtp::Reply> check_limits() const;
  std::optional<smtp::Reply> check_headers();
  void remove_fields(std::vector<FieldPlace> fields);
  bool wants_signing() const;
  std::optional<smtp::Reply> sign_pending(bool more);
  void warn_of_unsigned(events::Event& accepted) const;
  void set_lifetime();
  io::Task<std::optional<smtp::Reply>> commit();

  io::Task<void> write_chunk();
  Acceptance acceptance() const;
  spool::Chunk take_added_fields(std::string signatures);
  void fail(smtp::Reply refusal);
  void discard();
  void name_message();
  void report_accepted() const;

  Intake& intake_;
  // As they were when it began: what was signed must be what is stored.
  const std::shared_ptr<const Limits> limits_;
  const std::string hostname_;
  Submitter submitter_;
  spool::Envelope envelope_;
  State state_ = State::arriving;
  std::optional<HeaderFacts> header_;
  std::optional<SigningStage> signing_;
  WallTime dated_at_;        // of a Date field of ours
  std::string unsubscribe_;  // the address in a List-Unsubscribe field of ours
  std::optional<smtp::Reply> refusal_;
  uint64_t content_octets_ = 0;  // as it arrived
  uint64_t removed_octets_ = 0;
  std::string pending_;      // content that is not yet in the spool; less than a chunk
  uint32_t next_chunk_ = 1;  // chunk 0 is for our own fields
  bool wrote_chunks_ = false;
  std::function<io::Task<void>()> committed_;
  bool named_ = false;    // envelope_.id was made
  bool adopted_ = false;  // by others, before the message came
};

}  // namespace waypost::intake
