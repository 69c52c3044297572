#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/result.h"
#include "tls/context.h"

// Only for the .cc files of this folder: the one place where OpenSSL's types have owners.
namespace waypost::tls {

template <auto free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
template <class T, auto free>
using Owned = std::unique_ptr<T, FreeWith<free>>;

using OwnedBio = Owned<BIO, BIO_free_all>;
using OwnedCertificate = Owned<X509, X509_free>;
using OwnedContext = Owned<SSL_CTX, SSL_CTX_free>;
using OwnedKey = Owned<EVP_PKEY, EVP_PKEY_free>;
using OwnedSsl = Owned<SSL, SSL_free>;

struct ServerContext::Parts {
  OwnedContext context;
};

struct ClientContext::Parts {
  OwnedContext context;
  Verification verification;
  io::Clock& clock;
};

// A context with what clients and servers have in common.
Result<OwnedContext> make_context(const SSL_METHOD* method);

// Reads the octets of `text`, which must outlive it.
OwnedBio view_of(std::string_view text);

// The newest entry of this thread's error queue as text, "unknown" when it is empty; clears it.
std::string take_openssl_error();

// RFC 4514 text, at most 512 octets, with control octets escaped.
std::string text_of(const X509_NAME* name);

}  // namespace waypost::tls
