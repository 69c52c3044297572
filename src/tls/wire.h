#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

// Only for the .cc files of this folder.
namespace waypost::tls {

// The encrypted octets between OpenSSL and a connection. OpenSSL reads and writes here and never
// waits: it takes what came, leaves what is to go, and says when it needs more.
class Wire {
 public:
  Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // Makes `ssl` read and write here; this must outlive it.
  void attach(SSL* ssl);

  // What is to be sent; valid until OpenSSL writes again or sent().
  std::string_view outgoing() const { return outgoing_; }
  void sent();
  // Where the next octets go; only when OpenSSL has taken all earlier ones. received() tells how
  // many came. Grows when a read fills it, so that an idle connection stays small.
  std::span<char> space();
  void received(size_t octets);

  // OpenSSL's side.
  size_t take(std::span<char> into);
  void put(std::string_view octets) { outgoing_.append(octets); }

 private:
  std::vector<char> incoming_;
  size_t begin_ = 0;
  size_t end_ = 0;
  bool filled_ = false;
  std::string outgoing_;
};

}  // namespace waypost::tls
