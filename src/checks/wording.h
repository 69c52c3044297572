#pragma once

#include <string_view>

// How people call what the files of checks name in one word.
namespace waypost::checks {

// "name", "connect", "TLS", "login", "accept", "inbox"; rung 1 to 6.
std::string_view rung_title(int rung);
// "nodemailer" -> "Nodemailer"; what is not known stays as it is.
std::string_view program_name(std::string_view dialect);
// "server" -> "Server operator"; what is not known stays as it is.
std::string_view actor_name(std::string_view who);

}  // namespace waypost::checks
