#pragma once

#include <optional>
#include <string>
#include <vector>

#include "delivery/dialogue.h"
#include "delivery/settings.h"
#include "events/outcome.h"
#include "smtp/capabilities.h"
#include "spool/spool.h"

namespace waypost::delivery {

// One message over one connection: MAIL, RCPT, DATA and the content (RFC 5321 §3.3), the commands
// in one piece where the host takes that (RFC 2920). Each recipient gets its own outcome.
class Transaction {
 public:
  // All of it outlives the transaction.
  struct Means {
    Dialogue& dialogue;
    const smtp::Capabilities& capabilities;
    spool::Spool& spool;
    const Settings& settings;
    AttemptLog& log;
  };
  Transaction(Means means, const spool::Envelope& envelope, std::vector<uint32_t> recipients);

  // Ends what an earlier transaction left open.
  io::Task<void> reset();
  io::Task<void> run();

  std::vector<events::Outcome> take_outcomes();
  bool connection_usable() const { return usable_; }
  bool left_open() const { return left_open_; }
  bool went_unanswered() const { return !answered_ && !usable_; }

 private:
  std::string rcpt(size_t position) const;

  void refuse_what_is_too_large();
  void refuse_addresses_beyond_ascii();
  io::Task<void> refuse_content_beyond_ascii();
  io::Task<void> refuse_what_they_cannot_take();
  void refuse(size_t position, const std::string& reason);
  void refuse_open(const std::string& reason);

  io::Task<bool> send_envelope();
  io::Task<bool> mail();
  io::Task<bool> rcpt_answer(size_t position);
  io::Task<bool> data();
  io::Task<void> send_content();
  io::Task<Result<void>> write_content();

  io::Task<Result<smtp::Reply>> exchange(const std::string& command, Duration patience);
  void settle(size_t position, events::Phase phase, smtp::Reply reply);
  void settle_open(events::Phase phase, const smtp::Reply& reply);
  void break_off(events::Phase phase, const std::string& reason);
  size_t open_recipients() const;

  Dialogue& dialogue_;
  const smtp::Capabilities& capabilities_;
  spool::Spool& spool_;
  const Settings& settings_;
  AttemptLog& log_;
  const spool::Envelope& envelope_;
  std::vector<uint32_t> recipients_;
  std::optional<smtp::Mailbox> sender_;    // the reverse-path
  std::vector<events::Outcome> outcomes_;  // one for each of recipients_
  std::vector<bool> settled_;              // which of them are final
  bool pipelined_;
  bool usable_ = true;
  bool answered_ = false;
  bool left_open_ = false;
  std::string farewell_;  // the reply with which they ended the session
};

}  // namespace waypost::delivery
