#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_md_ctx_st;

namespace waypost::io {

// SHA-256 of octets that come in pieces.
class Digest {
 public:
  Digest();
  void add(std::string_view octets);
  // Of all that was added, in 64 hexadecimal digits; the end of this digest.
  std::string hex();

 private:
  struct Deleter {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Deleter> context_;
};

// SHA-256 of octets that are there at once.
std::array<uint8_t, 32> sha256(std::string_view octets);

// HMAC-SHA-256 (RFC 2104), 32 raw octets.
std::string hmac_sha256(std::string_view key, std::string_view text);

// Of a whole file. Blocks.
Result<std::string> digest_of_file(const std::string& path);

}  // namespace waypost::io
