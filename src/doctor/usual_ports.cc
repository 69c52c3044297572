#include "doctor/usual_ports.h"

#include <algorithm>

namespace waypost::doctor {
namespace {

bool exchanged(const std::string& one, const std::string& other) {
  std::string sorted_one = one, sorted_other = other;
  std::sort(sorted_one.begin(), sorted_one.end());
  std::sort(sorted_other.begin(), sorted_other.end());
  return sorted_one == sorted_other;
}

// `longer` is `shorter` with one digit more.
bool one_digit_more(const std::string& longer, const std::string& shorter) {
  if (longer.size() != shorter.size() + 1) return false;
  for (size_t i = 0; i < longer.size(); ++i) {
    std::string without = longer;
    without.erase(i, 1);
    if (without == shorter) return true;
  }
  return false;
}

bool one_digit_wrong(const std::string& one, const std::string& other) {
  if (one.size() != other.size() || one.size() < 3) return false;
  size_t differences = 0;
  for (size_t i = 0; i < one.size(); ++i) differences += one[i] != other[i];
  return differences == 1;
}

}  // namespace

const std::vector<UsualPort>& usual_ports() {
  static const std::vector<UsualPort> ports{{587, Encryption::starttls},
                                            {465, Encryption::implicit},
                                            {2525, Encryption::starttls},
                                            {25, Encryption::starttls}};
  return ports;
}

bool is_usual_port(uint16_t port) {
  return std::any_of(usual_ports().begin(), usual_ports().end(),
                     [port](const UsualPort& usual) { return usual.port == port; });
}

Encryption usual_encryption(uint16_t port) {
  return port == 465 ? Encryption::implicit : Encryption::starttls;
}

std::optional<uint16_t> port_meant_by(uint16_t port) {
  if (is_usual_port(port)) return {};
  std::string written = std::to_string(port);
  for (auto* alike :
       {+[](const std::string& a, const std::string& b) { return exchanged(a, b); },
        +[](const std::string& a, const std::string& b) {
          return one_digit_more(a, b) || one_digit_more(b, a);
        },
        +[](const std::string& a, const std::string& b) { return one_digit_wrong(a, b); }}) {
    for (const UsualPort& usual : usual_ports())
      if (alike(written, std::to_string(usual.port))) return usual.port;
  }
  return {};
}

}  // namespace waypost::doctor
