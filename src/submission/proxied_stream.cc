#include "submission/proxied_stream.h"

#include <algorithm>
#include <span>
#include <utility>

#include "submission/proxy_header.h"

namespace waypost::submission {
namespace {

// Most headers come whole in one read, and what the client says by then is little.
constexpr size_t octets_at_once = 512;

class RefilledStream final : public io::Stream {
 public:
  RefilledStream(std::string octets, std::unique_ptr<io::Stream> stream)
      : octets_(std::move(octets)), stream_(std::move(stream)) {}

  io::Task<Result<size_t>> read(std::span<char> into, Instant deadline) override {
    if (octets_.empty() || reading_stopped_) co_return co_await stream_->read(into, deadline);
    const size_t taken = std::min(into.size(), octets_.size());
    std::copy_n(octets_.begin(), taken, into.begin());
    octets_.erase(0, taken);
    co_return taken;
  }
  io::Task<Result<void>> write(std::string_view octets, Instant deadline) override {
    return stream_->write(octets, deadline);
  }
  void stop_reading() override {
    reading_stopped_ = true;
    stream_->stop_reading();
  }
  void close() override {
    reading_stopped_ = true;
    stream_->close();
  }
  Endpoint local() const override { return stream_->local(); }
  Endpoint peer() const override { return stream_->peer(); }

 private:
  std::string octets_;
  std::unique_ptr<io::Stream> stream_;
  bool reading_stopped_ = false;
};

Caller caller_of(const ProxyHeader& header, const Endpoint& peer) {
  if (!header.client) return Caller::unnamed(peer);
  Caller caller = Caller::announced(peer, *header.client);
  caller.client_tls = header.client_tls;
  return caller;
}

}  // namespace

io::Task<Result<ProxiedOpening>> read_proxy_header(io::Stream& stream, Instant deadline) {
  std::string octets;
  while (true) {
    const size_t before = octets.size();
    octets.resize(before + octets_at_once);
    Result<size_t> got = co_await stream.read({octets.data() + before, octets_at_once}, deadline);
    if (!got) co_return failure(std::move(got).error());
    if (*got == 0)
      co_return failure(ErrorCode::peer_gone, "the connection ended before its PROXY header did");
    octets.resize(before + *got);
    auto taken = take_proxy_header(octets);
    if (!taken) co_return failure(std::move(taken).error());
    if (taken->octets == 0) continue;
    octets.erase(0, taken->octets);
    co_return ProxiedOpening{caller_of(taken->header, stream.peer()), std::move(octets)};
  }
}

std::unique_ptr<io::Stream> put_back(std::string octets, std::unique_ptr<io::Stream> stream) {
  if (octets.empty()) return stream;
  return std::make_unique<RefilledStream>(std::move(octets), std::move(stream));
}

}  // namespace waypost::submission
