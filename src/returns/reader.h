#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "classify/classifier.h"
#include "events/event.h"
#include "events/outcome.h"
#include "guard/suppressions.h"
#include "io/loop.h"
#include "io/worker.h"
#include "message/received_dmarc.h"
#include "records/dmarc_store.h"
#include "returns/meaning.h"
#include "returns/return_paths.h"
#include "spool/spool.h"

namespace waypost::returns {

// How much of a message is read; what stands behind it is mostly what we sent ourselves.
inline constexpr size_t read_octets_max = 2 << 20;

// Reads what came back, says what it tells of our mail, and has the addresses suppressed that it
// condemns. What no program can use goes on to people. It never answers anything.
// Thread: the loop's.
class Reader {
 public:
  // Which message of ours is looked for: by its id, or by its Message-ID among those that were
  // accepted not before. Of several with one Message-ID it is the newest that went to
  // `address`; where none did, it cannot be told.
  struct Named {
    std::string message_id;
    WallTime since;
    std::string address;  // of whom it is to be about; empty: not told
  };
  using Wanted = std::variant<MessageId, Named>;
  struct Services {
    io::Loop& loop;
    io::Worker& worker;  // reads and looks up; outlives this
    spool::Spool& spool;
    events::Sink& events;
    guard::Suppressions& suppressions;
    // The queue may have a message that goes on. Called on the loop.
    std::function<void(spool::Envelope)> accepted;
    // What the records tell of a message that we sent; none: they do not know it. Blocks: on the
    // worker.
    std::function<Result<std::optional<SentMessage>>(const Wanted&)> look_up;
    // One that is still in the queue.
    std::function<std::shared_ptr<const spool::Envelope>(MessageId)> queued;
    // Whether mail goes out from this domain: DMARC reports about others go on to people.
    std::function<bool(const std::string&)> sends_as;
    // Keeps a report where `waypost dmarc report` finds it; invalid_input for one that cannot be
    // meant. Blocks: on the worker.
    std::function<Result<records::DmarcKeeping>(const message::ReceivedDmarc&, WallTime)> keep;
  };
  using Rules = std::shared_ptr<const classify::Classifier>;
  Reader(Services services, std::shared_ptr<const ReturnPaths> paths, Rules rules);
  ~Reader();

  // For what is read from now on.
  void use(Rules rules) { rules_ = std::move(rules); }

  // Reads one that came to a recipient in a domain of ours. Delivered when all that it tells is on
  // the list and reported, or it went on; deferred, and to be read again, when it could not be read
  // or recorded now. What it reports is reported again where a crash comes before the outcome is
  // written. Suspends.
  io::Task<events::Outcome> read(std::shared_ptr<const spool::Envelope> envelope,
                                 uint32_t recipient);

 private:
  struct Work;
  struct Understood;
  struct Memory;

  io::Task<Result<std::string>> content_of(const spool::Envelope& envelope);
  io::Task<Result<Understood>> understand(const spool::Envelope& envelope, const Arrived& arrived);
  Result<Understood> understand_aside(Work& work);
  Result<void> find_out(bounces::Incoming& incoming, Work& work, Understood& understood);
  void find_taken(Understood& understood);
  Result<std::optional<SentMessage>> look_up_named(const std::string& message_id,
                                                   const std::string& address, const Work& work);
  Result<std::optional<SentMessage>> look_up(const Wanted& wanted, const Work& work);
  Result<void> unsubscribe(Work& work, Understood& understood);
  io::Task<Result<void>> keep_report(Understood& understood, bool has_waited_long);
  io::Task<Result<void>> suppress(const Understood& understood);
  void report(const Understood& understood, const spool::Envelope& envelope);
  io::Task<Result<void>> send_on(const spool::Envelope& envelope, const smtp::Mailbox& to);

  Services services_;
  std::shared_ptr<const ReturnPaths> paths_;
  Rules rules_;
  std::unique_ptr<Memory> memory_;  // on the worker alone
};

}  // namespace waypost::returns
