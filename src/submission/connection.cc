#include "submission/connection.h"

#include <span>
#include <utility>

#include "base/check.h"

namespace waypost::submission {
namespace {

constexpr size_t output_octets_enough = 16 * 1024;

// Lends a stream to somebody who wants to own one.
class LentStream final : public io::Stream {
 public:
  explicit LentStream(io::Stream& stream) : stream_(stream) {}

  io::Task<Result<size_t>> read(std::span<char> into, Instant deadline) override {
    return stream_.read(into, deadline);
  }
  io::Task<Result<void>> write(std::string_view octets, Instant deadline) override {
    return stream_.write(octets, deadline);
  }
  void stop_reading() override { stream_.stop_reading(); }
  void close() override { stream_.close(); }
  Endpoint local() const override { return stream_.local(); }
  Endpoint peer() const override { return stream_.peer(); }

 private:
  io::Stream& stream_;
};

}  // namespace

Connection::Connection(std::unique_ptr<io::Stream> stream)
    : plain_(std::move(stream)), peer_(plain_->peer()) {}

io::Task<Result<size_t>> Connection::receive(size_t octets_max, Instant deadline) {
  Result<size_t> got = co_await stream().read(input_.room(octets_max), deadline);
  if (got) input_.received(*got);
  co_return got;
}

bool Connection::output_is_full() const { return output_.size() >= output_octets_enough; }

io::Task<Result<void>> Connection::flush(Instant deadline) {
  if (output_.empty()) co_return Result<void>();
  Result<void> written = co_await stream().write(output_, deadline);
  output_.clear();
  co_return written;
}

io::Task<Result<void>> Connection::start_tls(tls::ServerContext& context, Instant deadline) {
  CHECK(output_.empty() && !secured_);
  if (!input_.octets().empty())
    co_return failure(ErrorCode::protocol, "the client sent something between STARTTLS and TLS");
  std::unique_ptr<io::Stream> lent = std::make_unique<LentStream>(*plain_);
  CO_TRY(secured_, co_await tls::accept(std::move(lent), context, deadline));
  co_return Result<void>();
}

io::Task<void> Connection::finish(Instant deadline) {
  Result<void> sent = co_await flush(deadline);
  if (sent && secured_) sent = co_await secured_->end_writing(deadline);
  plain_->close();
}

void Connection::stop_reading() { stream().stop_reading(); }

}  // namespace waypost::submission
