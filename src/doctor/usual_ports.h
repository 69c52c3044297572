#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "doctor/walk.h"

namespace waypost::doctor {

struct UsualPort {
  uint16_t port;
  Encryption encryption;
};

// Where mail is handed in, the best first (RFC 8314 §3.3, RFC 6409 §3.1); 25 is for mail hosts.
const std::vector<UsualPort>& usual_ports();
bool is_usual_port(uint16_t port);
// What is used on a port when nobody says.
Encryption usual_encryption(uint16_t port);
// The usual port that was perhaps meant: two digits exchanged, one too many, one missing, or one
// wrong.
std::optional<uint16_t> port_meant_by(uint16_t port);

}  // namespace waypost::doctor
