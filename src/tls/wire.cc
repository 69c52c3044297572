#include "tls/wire.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "tls/openssl.h"

namespace waypost::tls {
namespace {

constexpr size_t incoming_octets_first = 4 << 10;
// A full record with its overhead (RFC 8446 §5.2), rounded up.
constexpr size_t incoming_octets_max = 18 << 10;
// What an idle connection may keep for its next write.
constexpr size_t outgoing_octets_kept = 4 << 10;

int write_wire(BIO* bio, const char* octets, size_t size, size_t* written) {
  static_cast<Wire*>(BIO_get_data(bio))->put({octets, size});
  *written = size;
  return 1;
}

int read_wire(BIO* bio, char* octets, size_t size, size_t* got) {
  BIO_clear_retry_flags(bio);
  *got = static_cast<Wire*>(BIO_get_data(bio))->take({octets, size});
  if (*got > 0) return 1;
  BIO_set_retry_read(bio);
  return -1;
}

long control_wire(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

int create_wire(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

// Made once for the process.
const BIO_METHOD* wire_method() {
  static const BIO_METHOD* method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "waypost wire");
    CHECK(made && BIO_meth_set_write_ex(made, write_wire) == 1 &&
          BIO_meth_set_read_ex(made, read_wire) == 1 &&
          BIO_meth_set_ctrl(made, control_wire) == 1 &&
          BIO_meth_set_create(made, create_wire) == 1);
    return made;
  }();
  return method;
}

}  // namespace

void Wire::attach(SSL* ssl) {
  BIO* bio = BIO_new(wire_method());
  CHECK(bio);
  BIO_set_data(bio, this);
  SSL_set_bio(ssl, bio, bio);
}

void Wire::sent() {
  outgoing_.clear();
  if (outgoing_.capacity() > outgoing_octets_kept) outgoing_ = std::string();
}

std::span<char> Wire::space() {
  CHECK(begin_ == end_);
  if (incoming_.empty()) incoming_.resize(incoming_octets_first);
  if (filled_) incoming_.resize(incoming_octets_max);
  return incoming_;
}

void Wire::received(size_t octets) {
  CHECK(octets <= incoming_.size());
  begin_ = 0;
  end_ = octets;
  filled_ = octets == incoming_.size();
}

size_t Wire::take(std::span<char> into) {
  size_t octets = std::min(into.size(), end_ - begin_);
  if (octets == 0) return 0;
  std::memcpy(into.data(), incoming_.data() + begin_, octets);
  begin_ += octets;
  return octets;
}

}  // namespace waypost::tls
