#pragma once

#include <memory>
#include <string_view>

#include "sasl/client.h"

// Only for the .cc files of this folder: what client.cc chooses from. `login` has been checked.
namespace waypost::sasl {

using ClientStart = Result<std::unique_ptr<ClientExchange>>(std::string_view mechanism,
                                                            ClientLogin login, io::Rng& rng);

// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677). With a binding the second uses it, and
// the first tells the server that we could have.
ClientStart start_scram_client;
// RFC 4616.
ClientStart start_plain_client;
// LOGIN has no RFC: the server asks twice, whatever words it takes, first for the name and then for
// the password.
ClientStart start_login_client;
// RFC 2195.
ClientStart start_cram_md5_client;
// XOAUTH2 (Google's and Microsoft's, without an RFC) and OAUTHBEARER (RFC 7628).
ClientStart start_token_client;

}  // namespace waypost::sasl
