#include "checks/wording.h"

#include <utility>

#include "base/check.h"

namespace waypost::checks {
namespace {

using Name = std::pair<std::string_view, std::string_view>;

template <size_t count>
std::string_view look_up(const Name (&names)[count], std::string_view wanted) {
  for (const auto& [short_name, name] : names)
    if (short_name == wanted) return name;
  return wanted;
}

}  // namespace

std::string_view rung_title(int rung) {
  constexpr std::string_view titles[] = {"name", "connect", "TLS", "login", "accept", "inbox"};
  CHECK(rung >= 1 && rung <= 6);
  return titles[rung - 1];
}

std::string_view program_name(std::string_view dialect) {
  constexpr Name names[] = {
      {"nodemailer", "Nodemailer"},    {"phpmailer", "PHPMailer"}, {"django", "Django"},
      {"laravel", "Laravel"},          {"msmtp", "msmtp"},         {"postfix", "Postfix"},
      {"wp-mail-smtp", "WP Mail SMTP"}};
  return look_up(names, dialect);
}

std::string_view actor_name(std::string_view who) {
  constexpr Name names[] = {{"client", "You"},
                            {"server", "Server operator"},
                            {"network", "Network"},
                            {"dns", "DNS of the domain"},
                            {"provider", "Provider or administrator"}};
  return look_up(names, who);
}

}  // namespace waypost::checks
