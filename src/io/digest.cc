#include "io/digest.h"

#include <array>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "base/check.h"
#include "io/disk.h"

namespace waypost::io {
namespace {

constexpr uint64_t piece_octets = 1 << 20;

}  // namespace

Digest::Digest() : context_(EVP_MD_CTX_new()) {
  CHECK(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Digest::Deleter::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

void Digest::add(std::string_view octets) {
  CHECK(EVP_DigestUpdate(context_.get(), octets.data(), octets.size()) == 1);
}

std::string Digest::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw;
  unsigned octets = 0;
  CHECK(EVP_DigestFinal_ex(context_.get(), raw.data(), &octets) == 1);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < octets; ++i) {
    text += digits[raw[i] >> 4];
    text += digits[raw[i] & 15];
  }
  return text;
}

std::array<uint8_t, 32> sha256(std::string_view octets) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(octets.data()), octets.size(), digest.data());
  return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::string code(SHA256_DIGEST_LENGTH, '\0');
  CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(),
             reinterpret_cast<unsigned char*>(code.data()), nullptr) != nullptr);
  return code;
}

Result<std::string> digest_of_file(const std::string& path) {
  auto disk = make_system_disk();
  Digest digest;
  for (uint64_t offset = 0;;) {
    TRY(std::string piece, disk->read_range(path, offset, piece_octets));
    if (piece.empty()) return digest.hex();
    digest.add(piece);
    offset += piece.size();
  }
}

}  // namespace waypost::io
