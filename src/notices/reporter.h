#pragma once

#include <functional>
#include <memory>
#include <string>

#include "classify/classifier.h"
#include "domains/signers.h"
#include "events/event.h"
#include "io/loop.h"
#include "message/dsn_writer.h"
#include "queue/notifier.h"
#include "spool/spool.h"

namespace waypost::notices {

struct Settings {
  std::string hostname;  // ours, in From and Reporting-MTA
  Duration expire_after = std::chrono::days(5);
  // A larger message comes back as its header only, even where RET=FULL was asked.
  uint64_t returned_octets_max = 64 * 1024;
  // Sign for the domain of `hostname`, or one above it; null: nobody does.
  std::shared_ptr<const domains::Signers> signers = {};
};

// Tells senders by delivery status notifications (RFC 3464) what became of their mail. A notice is
// a message like any other: it has the null reverse-path, belongs to the tenant and stream of the
// message that it is about, and is on stable storage when notify() returns. No notice is ever made
// about it. Thread: the shard's loop.
class Reporter final : public queue::Notifier {
 public:
  struct Services {
    io::Loop& loop;
    spool::Spool& spool;
    events::Sink& events;
    const classify::Reader& replies;  // what they mean
    // The notice is on stable storage: the queue may have it. Called on the loop.
    std::function<void(spool::Envelope)> accepted;
  };

  Reporter(Services services, Settings settings);

  void reconfigure(Settings settings) { settings_ = std::move(settings); }

  io::Task<Result<void>> notify(queue::Notice notice) override;

 private:
  MessageId make_id();
  message::Dsn describe(const queue::Notice& notice, MessageId id) const;
  io::Task<void> read_returned(const queue::Notice& notice, message::Dsn& dsn);
  spool::Envelope envelope_for(const queue::Notice& notice, const message::Dsn& dsn,
                               MessageId id) const;
  std::string sign(message::WrittenDsn& written) const;
  io::Task<Result<void>> store(spool::Envelope& envelope, message::WrittenDsn written);
  void report_accepted(const spool::Envelope& envelope, MessageId about,
                       const std::string& signed_by) const;

  Services services_;
  Settings settings_;
};

}  // namespace waypost::notices
