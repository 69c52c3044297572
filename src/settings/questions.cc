#include "settings/questions.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "settings/remarks.h"
#include "settings/sheet.h"

namespace waypost::settings {
namespace {

constexpr size_t line_octets_max = 1000;

const Provider* provider_of_domain(std::string_view domain, std::span<const Provider> providers) {
  const std::string name = base::to_lower(domain);
  for (const Provider& provider : providers)
    if (std::find(provider.domains.begin(), provider.domains.end(), name) != provider.domains.end())
      return &provider;
  return nullptr;
}

// What the number says where no provider documents it.
Encryption usual_encryption(unsigned port) {
  return port == 465 || port == 2465 ? Encryption::implicit : Encryption::starttls;
}

}  // namespace

std::string Questions::prompt() const {
  switch (step_) {
    case Step::server:
      return "Which server do you send through? (host name or your mail address) ";
    case Step::port:
      return fmt::format("Which port? [{}] ", port_);
    case Step::user:
      return address_.empty() ? "Which user name? (empty: no login) "
                              : fmt::format("Which user name? [{}, - for no login] ",
                                            base::escape_control(address_));
    case Step::done:
      break;
  }
  return {};
}

Result<void> Questions::answer(std::string_view line) {
  if (line.size() > line_octets_max)
    return failure(ErrorCode::invalid_input, "that is too long for an answer");
  const std::string_view text = base::trim(line);
  if (step_ == Step::server) return take_server(text);
  if (step_ == Step::port) return take_port(text);
  if (step_ == Step::user) take_user(text);
  return {};
}

Result<void> Questions::take_server(std::string_view text) {
  if (text.empty())
    return failure(ErrorCode::invalid_input,
                   "a host name like smtp.example.com, or an address like me@example.com");
  const size_t at = text.rfind('@');
  const bool is_address = at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
                          text.find_first_of(":/ ") == std::string_view::npos;
  const Provider* provider = nullptr;
  if (is_address) {
    address_ = text;
    provider = provider_of_domain(text.substr(at + 1), providers_);
    server_ = provider ? provider->hosts.front() : std::string(text.substr(at + 1));
    is_domain_ = provider == nullptr;
  } else {
    // A pasted URL is taken apart; a look-alike is left for the diagnosis, which asks DNS.
    const auto remark = remark_on_host(text, {});
    server_ = remark && remark->change.host ? *remark->change.host : std::string(text);
    provider = provider_of_host(server_, providers_);
    if (remark && remark->change.port) port_ = *remark->change.port;
    if (server_.empty()) return failure(ErrorCode::invalid_input, "there is no host name in it");
  }
  const bool has_own_port = port_ != 587;
  if (provider && !has_own_port) port_ = provider->ports.front().number;
  step_ = Step::port;
  return {};
}

Result<void> Questions::take_port(std::string_view text) {
  if (!text.empty()) {
    const unsigned number = number_in(text);
    if (number == 0 || number > 65535)
      return failure(ErrorCode::invalid_input, "a number like 587 or 465");
    port_ = number;
  }
  encryption_ = usual_encryption(port_);
  if (const Provider* provider = provider_of_host(server_, providers_))
    for (const ProviderPort& port : provider->ports)
      if (port.number == port_) encryption_ = port.encryption;
  step_ = Step::user;
  return {};
}

void Questions::take_user(std::string_view text) {
  if (text != "-") user_ = text.empty() ? address_ : std::string(text);
  step_ = Step::done;
}

}  // namespace waypost::settings
