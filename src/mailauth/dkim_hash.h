#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace waypost::mailauth {

inline constexpr size_t sha256_octets = 32;

// SHA-256 of octets that come in pieces; raw.
class Sha256 {
 public:
  Sha256();
  void add(std::string_view octets);
  // 32 octets; the end of this digest.
  std::string finish();

 private:
  struct Deleter {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Deleter> context_;
};

std::string sha256(std::string_view octets);

}  // namespace waypost::mailauth
