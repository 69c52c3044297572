#include "cli/sendmail_message.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/ascii.h"
#include "message/address_list.h"
#include "message/header_block.h"
#include "sasl/base64.h"
#include "smtp/command.h"
#include "smtp/data.h"

namespace waypost::cli {
namespace {

// Takes the next line, without its end: LF, CRLF or CR alone, as programs write them.
std::string_view take_line(std::string_view& input) {
  const size_t end = input.find_first_of("\r\n");
  std::string_view line = input.substr(0, end);
  input.remove_prefix(line.size());
  if (input.starts_with("\r\n"))
    input.remove_prefix(2);
  else if (!input.empty())
    input.remove_prefix(1);
  return line;
}

std::string to_crlf(std::string_view input, bool dot_ends) {
  std::string content;
  content.reserve(input.size() + input.size() / 32);
  for (bool first = true; !input.empty(); first = false) {
    const std::string_view line = take_line(input);
    if (dot_ends && line == ".") break;
    if (first && line.starts_with("From ")) continue;
    content.append(line).append("\r\n");
  }
  return content;
}

// RFC 3461 §4: "+" and two hexadecimal digits for what may not stand in a parameter.
std::string xtext(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (c > 0x20 && c < 0x7f && c != '+' && c != '=')
      encoded += c;
    else
      encoded += fmt::format("+{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

std::string qualified(std::string address, const std::string& hostname) {
  // A quoted local part may hold an "@" of its own.
  const size_t quote_end = address.rfind('"');
  const size_t at = address.rfind('@');
  const bool has_domain = at != address.npos && (quote_end == address.npos || at > quote_end);
  return has_domain ? address : address + "@" + hostname;
}

// A display name as a quoted-string (RFC 5322 §3.2.4), or as an encoded word when it is not ASCII.
std::string display_name(std::string_view name) {
  constexpr size_t encoded_octets_max = 45;  // of a word of 75 (RFC 2047 §2)
  const bool ascii = std::all_of(name.begin(), name.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!ascii && name.size() <= encoded_octets_max)
    return "=?UTF-8?B?" + sasl::base64_encode(name) + "?=";
  if (!ascii) return "\"\"";
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) quoted += c;
  }
  return quoted + "\"";
}

class Preparation {
 public:
  Preparation(const SendmailCall& call, const SendmailCaller& caller)
      : call_(call), caller_(caller) {}

  Result<PreparedMail> run(std::string_view input) {
    if (input.find('\0') != input.npos)
      return failure(ErrorCode::invalid_input, "the message has a NUL octet");
    mail_.content = to_crlf(input, !call_.dot_is_text);
    header_ = message::scan_header_block(mail_.content);
    if (header_.over_limit())
      return failure(ErrorCode::invalid_input, "the header of the message is too large");
    for (const std::string& argument : call_.recipients) TRY_VOID(add_recipients(argument));
    if (call_.recipients_from_header) TRY_VOID(read_header_recipients());
    TRY_VOID(write_commands());
    complete_header();
    TRY_VOID(check_content());
    return std::move(mail_);
  }

 private:
  Result<void> add_recipients(std::string_view list) {
    auto addresses = message::parse_address_list(list);
    if (!addresses)
      return failure(std::move(addresses).error().while_doing(
          fmt::format("reading the addresses {}", base::escape_control(list.substr(0, 200)))));
    for (std::string& address : *addresses) {
      std::string recipient = qualified(std::move(address), caller_.hostname);
      if (std::find(recipients_.begin(), recipients_.end(), recipient) == recipients_.end())
        recipients_.push_back(std::move(recipient));
    }
    return {};
  }

  // Of a message that is sent again, To, Cc and Bcc name those who had it the first time: only its
  // Resent- fields say who is meant now (RFC 5322 §3.6.6).
  Result<void> read_header_recipients() {
    resent_ = std::any_of(header_.fields.begin(), header_.fields.end(), [](const auto& field) {
      return base::starts_with_ignoring_case(field.name, "Resent-");
    });
    const std::array<const char*, 3> names =
        resent_ ? std::array{"Resent-To", "Resent-Cc", "Resent-Bcc"}
                : std::array{"To", "Cc", "Bcc"};
    for (const message::HeaderField& field : header_.fields)
      for (const char* name : names)
        if (base::equals_ignoring_case(field.name, name)) TRY_VOID(add_recipients(field.value));
    return {};
  }

  tl::unexpected<Error> nobody_named() const {
    const char* why = "name one, or let -t read them from the message";
    if (resent_)
      why = "it is sent again, and neither Resent-To, Resent-Cc nor Resent-Bcc has an address";
    else if (call_.recipients_from_header)
      why = "neither To, Cc nor Bcc of the message has an address";
    return failure(ErrorCode::invalid_input, fmt::format("no recipient: {}", why));
  }

  // As programs give it: bare, in angle brackets, or with a name; empty for nobody.
  Result<void> choose_sender() {
    if (call_.sender && call_.sender->empty()) return {};
    std::string address = caller_.user;
    if (call_.sender) {
      auto addresses = message::parse_address_list(*call_.sender);
      if (!addresses || addresses->size() != 1)
        return failure(ErrorCode::invalid_input,
                       fmt::format("the sender {} is not one address",
                                   base::escape_control(call_.sender->substr(0, 200))));
      address = std::move(addresses->front());
    }
    sender_ = qualified(std::move(address), caller_.hostname);
    return {};
  }

  Result<void> write_commands() {
    if (recipients_.empty()) return nobody_named();
    TRY_VOID(choose_sender());
    std::string mail = "MAIL FROM:<" + sender_ + ">";
    const bool eight_bit = std::any_of(mail_.content.begin(), mail_.content.end(),
                                       [](char c) { return static_cast<unsigned char>(c) > 0x7f; });
    if (eight_bit) mail += " BODY=8BITMIME";
    if (!call_.returns.empty()) mail += " RET=" + call_.returns;
    if (!call_.envelope_id.empty()) mail += " ENVID=" + xtext(call_.envelope_id);
    auto mail_parsed = smtp::parse_mail(smtp::parse_command(mail).arguments);
    if (!mail_parsed) return refused("the sender", sender_, mail_parsed.error());
    mail_.commands.push_back(std::move(mail));
    for (const std::string& recipient : recipients_) {
      std::string rcpt = "RCPT TO:<" + recipient + ">";
      if (!call_.notify.empty()) rcpt += " NOTIFY=" + call_.notify;
      auto rcpt_parsed = smtp::parse_rcpt(smtp::parse_command(rcpt).arguments);
      if (!rcpt_parsed) return refused("the recipient", recipient, rcpt_parsed.error());
      mail_.commands.push_back(std::move(rcpt));
    }
    return {};
  }

  static tl::unexpected<Error> refused(const char* what, const std::string& address,
                                       const smtp::Reply& why) {
    return failure(ErrorCode::invalid_input,
                   fmt::format("{} {}: {}", what, base::escape_control(address), why.text()));
  }

  // What the relay would refuse, it must refuse here, where somebody hears of it.
  Result<void> check_content() const {
    smtp::ChunkReader rules;
    rules.feed(mail_.content);
    rules.finish();
    if (!rules.fault()) return {};
    return failure(ErrorCode::invalid_input, "the message has a line that is too long");
  }

  // The view `header_` is of the content, so that content is put together anew, once.
  void complete_header() {
    std::string added;
    std::string kept;
    bool has_from = false;
    for (const message::HeaderField& field : header_.fields) {
      has_from |= base::equals_ignoring_case(field.name, "From");
      const bool hidden =
          call_.recipients_from_header && (base::equals_ignoring_case(field.name, "Bcc") ||
                                           base::equals_ignoring_case(field.name, "Resent-Bcc"));
      if (!hidden) kept.append(mail_.content, field.offset, field.octets);
    }
    const std::string& name =
        call_.full_name.empty() && !call_.sender ? caller_.full_name : call_.full_name;
    // Also of a message to nobody's account: From says who is behind it.
    const std::string address =
        sender_.empty() ? qualified(caller_.user, caller_.hostname) : sender_;
    if (!has_from)
      added =
          "From: " + (name.empty() ? address : display_name(name) + " <" + address + ">") + "\r\n";
    const size_t fields_end =
        header_.fields.empty() ? 0 : header_.fields.back().offset + header_.fields.back().octets;
    const bool needs_blank_line = header_.ended_by == message::HeaderEnd::not_a_field;
    mail_.content =
        kept + added + (needs_blank_line ? "\r\n" : "") + mail_.content.substr(fields_end);
  }

  const SendmailCall& call_;
  const SendmailCaller& caller_;
  PreparedMail mail_;
  message::HeaderBlock header_;
  std::vector<std::string> recipients_;
  std::string sender_;
  bool resent_ = false;
};

}  // namespace

Result<PreparedMail> prepare_mail(const SendmailCall& call, const SendmailCaller& caller,
                                  std::string_view input) {
  return Preparation(call, caller).run(input);
}

Result<std::string> sender_of(const std::string& from, std::string_view message) {
  std::string list = from;
  const message::HeaderBlock header = message::scan_header_block(message);
  const message::HeaderField* field = header.find("From");
  if (list.empty() && field) list = std::string(field->value);
  TRY(std::vector<std::string> addresses, message::parse_address_list(list));
  if (addresses.size() == 1) return addresses.front();
  return failure(ErrorCode::invalid_input, "From must have one address");
}

}  // namespace waypost::cli
