#include "mailauth/dkim_hash.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace waypost::mailauth {
namespace {

// Found once: looking an algorithm up by name costs more than hashing a short header.
const EVP_MD* algorithm() {
  static const EVP_MD* const found = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return found;
}

}  // namespace

void Sha256::Deleter::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  CHECK(context_ && EVP_DigestInit_ex(context_.get(), algorithm(), nullptr) == 1);
}

void Sha256::add(std::string_view octets) {
  CHECK(EVP_DigestUpdate(context_.get(), octets.data(), octets.size()) == 1);
}

std::string Sha256::finish() {
  std::string raw(sha256_octets, '\0');
  CHECK(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(raw.data()), nullptr) ==
        1);
  return raw;
}

std::string sha256(std::string_view octets) {
  Sha256 digest;
  digest.add(octets);
  return digest.finish();
}

}  // namespace waypost::mailauth
