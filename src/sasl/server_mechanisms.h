#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sasl/server.h"

// Only for the .cc files of this folder: what server.cc chooses from.
namespace waypost::sasl {

std::unique_ptr<ServerExchange> start_plain_server();
std::unique_ptr<ServerExchange> start_login_server();
// `scope`: what a token must have, for the error that a client gets; may be empty.
std::unique_ptr<ServerExchange> start_xoauth2_server(std::string scope);
std::unique_ptr<ServerExchange> start_oauthbearer_server(std::string scope);
// `plus`: a binding is required (RFC 5802 §6).
std::unique_ptr<ServerExchange> start_scram_server(bool plus, ServerSide side);

Step refuse(std::string reason);
Step challenge(std::string octets);
Step succeed(std::string login);

// Why nobody can have this name; "" when somebody can.
std::string_view fault_of_login(std::string_view login);

}  // namespace waypost::sasl
