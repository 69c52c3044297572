#include "cli/doctor_target.h"

#include <fmt/format.h>

#include "base/ascii.h"
#include "doctor/target.h"
#include "smtp/address.h"

namespace waypost::cli {
namespace {

constexpr uint16_t mail_port = 25;

Result<smtp::Mailbox> address_of(std::string_view option, const std::string& text) {
  auto mailbox = smtp::parse_mailbox(text, smtp::Characters::utf8);
  if (mailbox) return mailbox;
  return failure(ErrorCode::invalid_input,
                 fmt::format("{} wants an address such as bob@example.net: {}", option,
                             mailbox.error().message()));
}

// "fe80::1%eth0": a link's own address, which no name or certificate can have.
bool has_zone(std::string_view host) {
  const size_t percent = host.find('%');
  return percent != std::string_view::npos && host.substr(0, percent).find(':') != host.npos;
}

// The mail host of a recipient; an address literal is its own, at the port of mail hosts
// (RFC 5321 §2.3.5).
void aim_at(const smtp::Mailbox& recipient, doctor::Request& request) {
  std::string_view host = recipient.domain;
  if (host.starts_with('[')) {
    host = host.substr(1, host.size() - 2);
    if (base::starts_with_ignoring_case(host, "IPv6:")) host.remove_prefix(5);
    if (!request.port) request.port = mail_port;
  }
  request.host = std::string(host);
  request.mail_exchanger = true;
}

}  // namespace

Result<doctor::Request> doctor_request(const DoctorArguments& arguments, doctor::Request base) {
  doctor::Request request = std::move(base);
  doctor::Target target = doctor::parse_target(arguments.target);
  if (!target.host.empty()) request.host = target.host;
  if (target.port) request.port = target.port;
  if (arguments.port) {
    auto port = static_cast<uint16_t>(*arguments.port);
    if (target.port && *target.port != port)
      return failure(ErrorCode::invalid_input, "the target and --port name different ports");
    request.port = port;
  }
  if (!arguments.to.empty()) {
    const auto recipient = address_of("--to", arguments.to);
    if (!recipient) return tl::unexpected(recipient.error());
    if (request.host.empty()) aim_at(*recipient, request);
  }
  if (request.host.empty())
    return failure(ErrorCode::invalid_input, "no server is named, neither here nor in a file");
  if (has_zone(request.host))
    return failure(ErrorCode::invalid_input,
                   "an address of one link alone (with %) cannot be looked at: name the server's "
                   "host name, or an address that routes lead to");
  // "<>" is the sender that bounces have (RFC 5321 §4.5.5).
  if (!arguments.from.empty() && arguments.from != "<>")
    if (const auto sender = address_of("--from", arguments.from); !sender)
      return tl::unexpected(sender.error());
  if (!arguments.encryption.empty()) request.clear_if_not_offered = false;
  if (arguments.encryption == "implicit") request.encryption = doctor::Encryption::implicit;
  if (arguments.encryption == "starttls") request.encryption = doctor::Encryption::starttls;
  if (arguments.encryption == "none") request.encryption = doctor::Encryption::none;
  if (arguments.v4_only) request.family = doctor::Family::v4_only;
  if (arguments.v6_only) request.family = doctor::Family::v6_only;
  if (arguments.send && arguments.to.empty() && arguments.seeds_file.empty())
    return failure(ErrorCode::invalid_input,
                   "--send needs --to or --seeds: whom shall the message go to?");
  if (!arguments.send && !arguments.seeds_file.empty())
    return failure(ErrorCode::invalid_input,
                   "--seeds needs --send: without a message there is nothing to look for");
  if (!arguments.user.empty()) request.user = arguments.user;
  if (!arguments.mechanism.empty()) request.mechanism = arguments.mechanism;
  request.by_token = arguments.oauth;
  request.patient = arguments.patient;
  if (!arguments.from.empty()) request.from = arguments.from;
  request.to = arguments.to;
  request.send = arguments.send;
  request.hello = arguments.hello;
  // The mail hosts of somebody else's domain are no place for a login.
  if (request.mail_exchanger && !arguments.user.empty())
    return failure(ErrorCode::invalid_input,
                   "--user needs the server that has the login: name it before --to");
  if (request.mail_exchanger) {
    request.user.clear();
    request.password = Secret();
  }
  return request;
}

}  // namespace waypost::cli
