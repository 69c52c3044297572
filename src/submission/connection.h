#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/network.h"
#include "smtp/reply.h"
#include "submission/input_buffer.h"
#include "tls/context.h"
#include "tls/tls_stream.h"

namespace waypost::submission {

// The octets of one session: what has come and is not yet taken, what is to be sent, in the clear
// or over TLS. Replies are gathered and sent together, as pipelining wants it (RFC 2920 §3.2).
class Connection {
 public:
  explicit Connection(std::unique_ptr<io::Stream> stream);

  // Owned by this object until the next call of another function.
  std::string_view buffered() const { return input_.octets(); }
  // The first octets were used; they are wiped, since they may have been a password.
  void drop(size_t octets) { input_.drop(octets); }
  // Waits for at most `octets_max` more octets; 0 is the peer's end.
  io::Task<Result<size_t>> receive(size_t octets_max, Instant deadline);

  void append(const smtp::Reply& reply) { reply.append_wire(output_); }
  // True when so much was gathered that it should be sent before more is added.
  bool output_is_full() const;
  io::Task<Result<void>> flush(Instant deadline);

  // What is gathered must have been sent. Fails for what the peer sent before it could know that it
  // may (RFC 3207 §6), without a word to it.
  io::Task<Result<void>> start_tls(tls::ServerContext& context, Instant deadline);
  bool secured() const { return secured_ != nullptr; }
  // Those of its TLS; none in the clear.
  std::vector<ChannelBinding> channel_bindings() const {
    return secured_ ? secured_->channel_bindings() : std::vector<ChannelBinding>();
  }

  // Sends what is gathered, as far as that is possible until then, and ends the connection.
  io::Task<void> finish(Instant deadline);

  void stop_reading();
  void close() { plain_->close(); }
  Endpoint peer() const { return peer_; }

 private:
  io::Stream& stream() { return secured_ ? static_cast<io::Stream&>(*secured_) : *plain_; }

  // TLS runs over a reference to it, so that it can be closed at any time, also in a handshake.
  std::unique_ptr<io::Stream> plain_;
  std::unique_ptr<tls::TlsStream> secured_;
  Endpoint peer_;
  InputBuffer input_;
  std::string output_;
};

}  // namespace waypost::submission
