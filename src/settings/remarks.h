#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "settings/look_alike.h"
#include "settings/providers.h"
#include "settings/settings.h"

// What is odd about settings as they are written, before anything is tried.
namespace waypost::settings {

struct Remark {
  enum class Kind {
    odd_character,          // a space, an invisible character or quotes in a value
    space_in_password,      // at its start or end
    not_a_host_name,        // a URL, an address, a path or a port within the host
    several_hosts,          // PHPMailer takes a list; the first counts
    look_alike_host,        // see `host`
    mistyped_port,          // 578
    reading_port,           // 993, 995, 143, 110
    port_and_encryption,    // implicit TLS on 587, STARTTLS on 465
    two_encryptions,        // both switches are on; see `other`
    unchecked_certificate,  // the check is switched off
    user_without_domain,
    spaced_app_password,  // Google shows it in four groups; the spaces are not part of it
    other_user_name,      // SendGrid's is "apikey", whoever it is
  };
  enum class Field { host, port, encryption, certificate, user, password };

  Kind kind = Kind::odd_character;
  std::string_view finding;  // "M1009"; empty where there is no finding of its own
  Field field = Field::host;
  Place place;
  std::string written;  // empty for a password
  std::string detail;   // "zero width space (U+200B) at character 5"; no part of a password
  Change change;        // what would put it right, where that is known
  Place other;
  std::optional<LookAlike> host;
};

// In the order of the ladder: names, ports, TLS, login. What is elsewhere is not looked at.
std::vector<Remark> remarks(const Settings& settings, std::span<const Provider> providers);

// The parts of it, for what came by a command line.
std::optional<Remark> remark_on_host(std::string_view host, std::span<const Provider> providers);
// 0 and more than 65535 are no ports; 587, 465, 25, 2525 and other usual ones are no remark.
std::optional<Remark> remark_on_port(unsigned port);
std::optional<Remark> remark_on_port_and_encryption(unsigned port, Encryption encryption);

// "smtp://user:[hidden]@host": what is pasted as a host may hold more than one.
std::string without_password(std::string_view host);

}  // namespace waypost::settings
