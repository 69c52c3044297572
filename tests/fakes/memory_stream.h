#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "io/completion.h"
#include "io/loop.h"
#include "io/network.h"

namespace waypost::fakes {

// One end of a connection in memory. Each read gives 1 to `piece_octets_max` octets, drawn from the
// loop's Rng, so that no reader can rely on how octets arrive.
class MemoryStream final : public io::Stream {
 public:
  using Pair = std::pair<std::unique_ptr<MemoryStream>, std::unique_ptr<MemoryStream>>;

  static Pair make_pair(io::Loop& loop, size_t piece_octets_max) {
    auto there = std::make_shared<Pipe>();
    auto back = std::make_shared<Pipe>();
    return {std::unique_ptr<MemoryStream>(new MemoryStream(loop, piece_octets_max, there, back)),
            std::unique_ptr<MemoryStream>(new MemoryStream(loop, piece_octets_max, back, there))};
  }
  ~MemoryStream() override { close(); }

  io::Task<Result<size_t>> read(std::span<char> into, Instant deadline) override {
    co_await next_turn();
    while (true) {
      if (closed_) co_return failure(ErrorCode::cancelled, "closed");
      if (stopped_) co_return failure(ErrorCode::cancelled, "reading was stopped");
      if (in_->begin < in_->octets.size()) break;
      if (in_->ended) co_return size_t{0};
      bool is_changed = co_await changed(deadline);
      if (!is_changed) co_return failure(ErrorCode::timed_out, "nothing came");
    }
    size_t piece = 1 + loop_.rng().next() % piece_octets_max_;
    size_t got = std::min({piece, into.size(), in_->octets.size() - in_->begin});
    std::memcpy(into.data(), in_->octets.data() + in_->begin, got);
    in_->begin += got;
    if (in_->begin == in_->octets.size()) {
      in_->octets.clear();
      in_->begin = 0;
    }
    co_return got;
  }

  io::Task<Result<void>> write(std::string_view octets, Instant) override {
    if (closed_) co_return failure(ErrorCode::cancelled, "closed");
    if (out_->reader_gone) co_return failure(ErrorCode::peer_gone, "the peer is gone");
    ++writes_;
    out_->octets += octets;
    wake(*out_);
    co_return Result<void>();
  }

  void stop_reading() override {
    stopped_ = true;
    wake(*in_);
  }
  void close() override {
    if (std::exchange(closed_, true)) return;
    out_->ended = true;
    in_->reader_gone = true;
    wake(*out_);
    wake(*in_);
  }
  // A half close: the peer reads our end, and can still write to us.
  void end_writing() {
    out_->ended = true;
    wake(*out_);
  }
  Endpoint local() const override { return {IpAddress::v4({192, 0, 2, 1}), 25}; }
  Endpoint peer() const override { return peer_; }
  void set_peer(const Endpoint& peer) { peer_ = peer; }

  size_t writes() const { return writes_; }

 private:
  struct Pipe {
    std::string octets;
    size_t begin = 0;  // of what was not read yet
    bool ended = false;
    bool reader_gone = false;
    io::Completion<bool>* reader = nullptr;
  };

  MemoryStream(io::Loop& loop, size_t piece_octets_max, std::shared_ptr<Pipe> in,
               std::shared_ptr<Pipe> out)
      : loop_(loop),
        piece_octets_max_(piece_octets_max),
        in_(std::move(in)),
        out_(std::move(out)) {}

  // A read that never suspends would let a reader's loop grow the stack without optimization, where
  // GCC makes no tail call of a symmetric transfer.
  io::Task<void> next_turn() {
    io::Completion<bool> turned;
    loop_.post([&turned] { turned.complete(true); });
    co_await turned;
  }
  // True when something happened, false when the deadline passed first.
  io::Task<bool> changed(Instant deadline) {
    io::Completion<bool> woken;
    io::Timer timer(loop_.timers());
    std::shared_ptr<Pipe> pipe = in_;
    timer.start(deadline, [pipe] {
      if (pipe->reader) std::exchange(pipe->reader, nullptr)->complete(false);
    });
    pipe->reader = &woken;
    co_return co_await woken;
  }
  // Through the loop, as a real network would: nobody is resumed inside somebody else's write.
  void wake(Pipe& pipe) {
    auto kept = &pipe == in_.get() ? in_ : out_;
    loop_.post([kept] {
      if (kept->reader) std::exchange(kept->reader, nullptr)->complete(true);
    });
  }

  io::Loop& loop_;
  size_t piece_octets_max_;
  std::shared_ptr<Pipe> in_;
  std::shared_ptr<Pipe> out_;
  Endpoint peer_{IpAddress::v4({192, 0, 2, 2}), 50000};
  bool stopped_ = false;
  bool closed_ = false;
  size_t writes_ = 0;
};

}  // namespace waypost::fakes
