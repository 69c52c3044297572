#include "delivery/parameters.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "dns/idn.h"
#include "smtp/xtext.h"

namespace waypost::delivery {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string returns_parameter(smtp::ReturnContent returns) {
  switch (returns) {
    case smtp::ReturnContent::full:
      return " RET=FULL";
    case smtp::ReturnContent::headers:
      return " RET=HDRS";
    case smtp::ReturnContent::unstated:
      break;
  }
  return {};
}

std::string notify_parameter(const smtp::Notify& notify) {
  if (!notify.stated()) return {};
  if (notify.never) return " NOTIFY=NEVER";
  std::string list;
  if (notify.success) list += ",SUCCESS";
  if (notify.failure) list += ",FAILURE";
  if (notify.delay) list += ",DELAY";
  return " NOTIFY=" + list.substr(1);
}

// RFC 6533 §3: an address of type utf-8 has a form of its own.
std::string original_recipient_parameter(const std::string& original, bool smtputf8) {
  if (original.empty()) return {};
  size_t semicolon = original.find(';');
  if (semicolon == std::string::npos) return {};
  std::string_view type = std::string_view(original).substr(0, semicolon);
  std::string_view address = std::string_view(original).substr(semicolon + 1);
  bool is_utf8 = base::equals_ignoring_case(type, "utf-8");
  return fmt::format(" ORCPT={};{}", type,
                     is_utf8 ? smtp::to_utf8_address(address, smtputf8) : smtp::to_xtext(address));
}

std::string spelled(const smtp::Mailbox& mailbox, const smtp::Capabilities& host) {
  return address_for(mailbox, host).value_or(mailbox.text());
}

}  // namespace

std::optional<std::string> address_for(const smtp::Mailbox& mailbox,
                                       const smtp::Capabilities& host) {
  if (host.smtputf8) return mailbox.text();
  if (!is_ascii(mailbox.local_part)) return std::nullopt;
  Result<std::string> domain = dns::to_a_labels(mailbox.domain);
  if (!domain) return std::nullopt;
  return smtp::Mailbox{mailbox.local_part, *std::move(domain)}.text();
}

std::string mail_command(const spool::Envelope& envelope,
                         const std::optional<smtp::Mailbox>& sender,
                         const smtp::Capabilities& host) {
  std::string command = fmt::format("MAIL FROM:<{}>", sender ? spelled(*sender, host) : "");
  if (host.size) command += fmt::format(" SIZE={}", envelope.size_octets);
  if (host.eight_bit_mime && envelope.body == smtp::BodyType::eight_bit_mime)
    command += " BODY=8BITMIME";
  if (host.smtputf8 && envelope.smtputf8) command += " SMTPUTF8";
  if (host.dsn) {
    command += returns_parameter(envelope.dsn.returns);
    if (!envelope.dsn.envelope_id.empty())
      command += " ENVID=" + smtp::to_xtext(envelope.dsn.envelope_id);
  }
  return command + "\r\n";
}

std::string rcpt_command(const spool::Envelope& envelope, uint32_t recipient,
                         const smtp::Capabilities& host) {
  std::string command = fmt::format("RCPT TO:<{}>", spelled(envelope.recipients[recipient], host));
  auto asked = envelope.recipient_dsn.find(recipient);
  if (host.dsn && asked != envelope.recipient_dsn.end()) {
    command += notify_parameter(asked->second.notify);
    command += original_recipient_parameter(asked->second.original_recipient,
                                            host.smtputf8 && envelope.smtputf8);
  }
  return command + "\r\n";
}

}  // namespace waypost::delivery
