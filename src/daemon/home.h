#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/secret.h"
#include "events/event.h"
#include "io/remote.h"
#include "spool/envelope.h"
#include "submission/authenticator.h"

namespace waypost::daemon {

// Where a shard's news go: the shard that keeps the queue, the health and the way to the event log.
// All events go through it, so that what is told of a message stands in the order of what happened.
// Thread: that of the shard that tells.
class Home : public events::Sink {
 public:
  // The message is on stable storage: the queue may have it.
  virtual void accepted(spool::Envelope envelope) = 0;
  // Whether what was told is heard soon. Where not, no more mail is to be taken: it would only wait
  // in memory.
  virtual bool keeps_up() const { return true; }
  // As submission::Authenticator has it. One judge for all shards knows what it was told of a
  // token.
  virtual io::Task<Result<submission::TokenVerdict>> check_token(std::string name,
                                                                 Secret token) = 0;
  // What a check of the health has found; nothing: it is well.
  virtual void report(std::string check, std::optional<std::string> trouble) = 0;
};

// Home as a shard on another loop sees it.
class DistantHome final : public Home {
 public:
  // `home` is that of the shard that `there` leads to.
  DistantHome(io::Loop& here, io::Remote& there, Home& home)
      : here_(here), there_(there), outbox_(here, there.loop()), home_(home) {}

  void accepted(spool::Envelope envelope) override {
    auto sent = std::make_shared<spool::Envelope>(std::move(envelope));
    ++unheard_;
    outbox_.send([this, sent] {
      home_.accepted(std::move(*sent));
      --unheard_;
    });
  }
  bool keeps_up() const override { return unheard_ < unheard_max; }
  io::Task<Result<submission::TokenVerdict>> check_token(std::string name, Secret token) override {
    using Verdict = Result<submission::TokenVerdict>;
    std::function<io::Task<Verdict>()> check = [&] {
      return home_.check_token(std::move(name), std::move(token));
    };
    co_return co_await there_.run<Verdict>(here_, std::move(check));
  }
  void report(std::string check, std::optional<std::string> trouble) override {
    outbox_.send([this, check = std::move(check), trouble = std::move(trouble)] {
      home_.report(check, trouble);
    });
  }
  void emit(events::Event event) override {
    auto sent = std::make_shared<events::Event>(std::move(event));
    outbox_.send([this, sent] { home_.emit(std::move(*sent)); });
  }

 private:
  // Messages on their way home. More would wait in memory for a loop that falls behind.
  static constexpr size_t unheard_max = 2000;

  io::Loop& here_;
  io::Remote& there_;
  io::Outbox outbox_;
  Home& home_;
  std::atomic<size_t> unheard_ = 0;
};

}  // namespace waypost::daemon
