#pragma once

#include <string>

#include "doctor/finding.h"
#include "doctor/password_shape.h"
#include "smtp/reply.h"

namespace waypost::doctor {

// What is known about a login that was refused.
struct LoginFacts {
  std::string host;
  std::string port;
  std::string provider;  // as provider_of() has it
  std::string user;
  std::string mechanism;
  std::string mechanisms;  // all that the server offers, for people
  bool by_token = false;
  std::string token_note;  // what the server said about the token, decoded
  PasswordShape password;
};

// Why, by the server's words first, and then, where they only say "wrong", by what the user name
// and password look like at this provider. Pure.
Finding judge_login(const smtp::Reply& reply, LoginFacts facts);

}  // namespace waypost::doctor
