#pragma once

#include <memory>
#include <string>

#include "io/network.h"

namespace waypost::doctor {

// A stream that remembers the first octets that came over it, for when the layer above cannot say
// what they were: a library calls an SMTP greeting in the place of a handshake a wrong version.
class Tap final : public io::Stream {
 public:
  static constexpr size_t octets_max = 256;
  using Seen = std::shared_ptr<std::string>;

  Tap(std::unique_ptr<io::Stream> stream, Seen seen)
      : stream_(std::move(stream)), seen_(std::move(seen)) {}

  io::Task<Result<size_t>> read(std::span<char> into, Instant deadline) override;
  io::Task<Result<void>> write(std::string_view octets, Instant deadline) override {
    return stream_->write(octets, deadline);
  }
  void stop_reading() override { stream_->stop_reading(); }
  void close() override { stream_->close(); }
  Endpoint local() const override { return stream_->local(); }
  Endpoint peer() const override { return stream_->peer(); }

 private:
  std::unique_ptr<io::Stream> stream_;
  Seen seen_;
};

}  // namespace waypost::doctor
