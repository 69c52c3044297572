#pragma once

#include <memory>
#include <string_view>

#include "sasl/client.h"

// Only for the .cc files of this folder: what client.cc chooses from. `login` has been checked.
namespace waypost::sasl {

// PLAIN (RFC 4616), CRAM-MD5 (RFC 2195), SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 7677). With a
// binding the last one uses it, and the one before tells the server that we could have.
Result<std::unique_ptr<ClientExchange>> start_gsasl_client(std::string_view mechanism,
                                                           ClientLogin login);
// LOGIN has no RFC: the server asks twice, whatever words it takes, first for the name and then for
// the password.
Result<std::unique_ptr<ClientExchange>> start_login_client(std::string_view mechanism,
                                                           ClientLogin login);
// XOAUTH2 (Google's and Microsoft's, without an RFC) and OAUTHBEARER (RFC 7628).
Result<std::unique_ptr<ClientExchange>> start_token_client(std::string_view mechanism,
                                                           ClientLogin login);

}  // namespace waypost::sasl
