#include "message/dsn_writer.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "message/header_block.h"
#include "message/trace_fields.h"

namespace waypost::message {
namespace {

constexpr size_t line_octets_max = 998;     // RFC 5322 §2.1.1
constexpr size_t encoded_columns_max = 75;  // RFC 2045 §6.7, less the "=" of a soft break
constexpr size_t word_octets_max = 900;     // longer ones are cut in two; no address is
constexpr size_t blanks_max = 50;           // between two words
constexpr size_t message_id_octets_max = 900;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

size_t longest_line(std::string_view text) {
  size_t longest = 0;
  while (!text.empty()) {
    size_t end = std::min(text.find("\r\n"), text.size());
    longest = std::max(longest, end);
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return longest;
}

// Only whole line ends, and no NUL: may stand in a part as it is.
bool is_clean(std::string_view text) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\0') return false;
    if (text[at] == '\n' && (at == 0 || text[at - 1] != '\r')) return false;
    if (text[at] == '\r' && (at + 1 == text.size() || text[at + 1] != '\n')) return false;
  }
  return longest_line(text) <= line_octets_max;
}

// On one line, without control octets; what is not ASCII stays only as valid UTF-8 where `utf8`,
// and else comes out as \xNN.
std::string safe_text(std::string_view text, bool utf8) {
  std::string safe;
  std::string valid = utf8 ? base::to_valid_utf8(text.substr(0, dsn_text_octets_max))
                           : std::string(text.substr(0, dsn_text_octets_max));
  for (char c : valid) {
    bool is_high = (c & 0x80) != 0;
    if (c == '\r' || c == '\n' || c == '\t')
      safe += ' ';
    else if (base::is_control(c) || (is_high && !utf8))
      safe += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    else
      safe += c;
  }
  return safe;
}

// Where a word may be cut: not inside of a character.
size_t cut_of(std::string_view word) {
  if (word.size() <= word_octets_max) return word.size();
  size_t cut = word_octets_max;
  while (cut > word_octets_max - 4 && (word[cut] & 0xc0) == 0x80) --cut;
  return cut;
}

// "Name: text", folded in front of blanks, which stay, so that who unfolds it reads the text again.
// Words that are too long are cut: a reader gets them with a space inside, but gets them.
void add_field(std::string& out, std::string_view name, std::string_view text) {
  text = base::trim(text);
  size_t columns = name.size() + 1;
  out += name;
  out += ':';
  for (bool first = true; !text.empty(); first = false) {
    size_t start = text.find_first_not_of(' ');
    std::string_view blanks = start == 0 ? " " : text.substr(0, std::min(start, blanks_max));
    text.remove_prefix(start);
    std::string_view word = text.substr(0, text.find(' '));
    word = word.substr(0, cut_of(word));
    text.remove_prefix(word.size());
    if (!first && columns + blanks.size() + word.size() > field_line_columns_max) {
      out += "\r\n";
      columns = 0;
    }
    out += blanks;
    out += word;
    columns += blanks.size() + word.size();
  }
  out += "\r\n";
}

bool must_be_encoded(unsigned char octet, bool ends_line) {
  bool is_blank = octet == ' ' || octet == '\t';
  return octet == '=' || octet >= 0x7f || (octet < 0x20 && octet != '\t') ||
         (is_blank && ends_line);
}

// RFC 2045 §6.7. Lines of `text` end with CRLF.
std::string quoted_printable(std::string_view text) {
  std::string out;
  size_t columns = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at, 2) == "\r\n") {
      out += "\r\n";
      columns = 0;
      ++at;
      continue;
    }
    bool ends_line = at + 1 == text.size() || text[at + 1] == '\r';
    auto octet = static_cast<unsigned char>(text[at]);
    bool encoded = must_be_encoded(octet, ends_line);
    if (columns + (encoded ? 3 : 1) > encoded_columns_max) {
      out += "=\r\n";
      columns = 0;
    }
    out += encoded ? fmt::format("={:02X}", octet) : std::string(1, char(octet));
    columns += encoded ? 3 : 1;
  }
  return out;
}

std::string with_crlf(std::string_view text) {
  std::string lines;
  for (char c : text) {
    if (c == '\n')
      lines += "\r\n";
    else if (c != '\r')
      lines += c;
  }
  return lines;
}

std::string_view name(DsnAction action) {
  switch (action) {
    case DsnAction::failed:
      return "failed";
    case DsnAction::delayed:
      return "delayed";
    case DsnAction::relayed:
      break;
  }
  return "relayed";
}

std::string text_part(const Dsn& dsn) {
  std::string text = with_crlf(dsn.text);
  bool plain = is_ascii(text) && is_clean(text) && longest_line(text) <= field_line_columns_max;
  return fmt::format(
      "Content-Type: text/plain; charset={}\r\nContent-Transfer-Encoding: {}\r\n\r\n{}",
      plain ? "us-ascii" : "utf-8", plain ? "7bit" : "quoted-printable",
      plain ? text : quoted_printable(text));
}

// RFC 3464 §2.3.1; of a UTF-8 address the form of RFC 6533 §3.
std::string typed_address(std::string_view address, bool utf8) {
  return fmt::format("{};{}", utf8 && !is_ascii(address) ? "utf-8" : "rfc822", address);
}

void add_recipient(std::string& out, const DsnRecipient& recipient, bool utf8) {
  out += "\r\n";
  if (!recipient.original.empty())
    add_field(out, "Original-Recipient", safe_text(recipient.original, utf8));
  add_field(out, "Final-Recipient", safe_text(typed_address(recipient.address, utf8), utf8));
  add_field(out, "Action", name(recipient.action));
  add_field(out, "Status", safe_text(recipient.status, false));
  if (!recipient.remote_host.empty())
    add_field(out, "Remote-MTA", safe_text("dns; " + recipient.remote_host, utf8));
  if (!recipient.diagnostic.empty())
    add_field(
        out, "Diagnostic-Code",
        safe_text((recipient.is_reply ? "smtp; " : "x-waypost; ") + recipient.diagnostic, utf8));
  if (recipient.last_attempt_at)
    add_field(out, "Last-Attempt-Date", base::to_rfc5322_date(*recipient.last_attempt_at));
  if (recipient.will_retry_until)
    add_field(out, "Will-Retry-Until", base::to_rfc5322_date(*recipient.will_retry_until));
}

std::string status_part(const Dsn& dsn) {
  std::string fields;
  add_field(fields, "Reporting-MTA", safe_text("dns; " + dsn.hostname, dsn.utf8));
  if (!dsn.envelope_id.empty())
    add_field(fields, "Original-Envelope-Id", safe_text(dsn.envelope_id, dsn.utf8));
  add_field(fields, "Arrival-Date", base::to_rfc5322_date(dsn.arrived_at));
  for (const DsnRecipient& recipient : dsn.recipients) add_recipient(fields, recipient, dsn.utf8);
  std::string type = dsn.utf8 ? "message/global-delivery-status" : "message/delivery-status";
  // RFC 6533 §4 allows an encoding, which survives servers that know 7-bit lines only.
  bool plain = is_ascii(fields);
  return fmt::format("Content-Type: {}\r\n{}\r\n{}", type,
                     plain ? "" : "Content-Transfer-Encoding: quoted-printable\r\n",
                     plain ? fields : quoted_printable(fields));
}

std::string_view header_of(std::string_view message) {
  HeaderBlock block = scan_header_block(message);
  size_t end = block.fields.empty() ? 0 : block.fields.back().offset + block.fields.back().octets;
  return message.substr(0, end);
}

std::string returned_part(const Dsn& dsn, std::string_view octets, bool whole) {
  if (whole) {
    std::string_view encoding = is_ascii(octets) ? "7bit" : "8bit";
    return fmt::format("Content-Type: {}\r\nContent-Transfer-Encoding: {}\r\n\r\n{}",
                       dsn.utf8 ? "message/global" : "message/rfc822", encoding, octets);
  }
  bool plain = is_ascii(octets) && is_clean(octets);
  return fmt::format("Content-Type: {}\r\nContent-Transfer-Encoding: {}\r\n\r\n{}",
                     dsn.utf8 ? "message/global-headers" : "text/rfc822-headers",
                     plain ? "7bit" : "quoted-printable",
                     plain ? std::string(octets) : quoted_printable(octets));
}

// One that stands in no part.
std::string boundary_for(const Dsn& dsn, const std::vector<std::string>& parts) {
  std::string boundary = "=_" + safe_text(dsn.id, false);
  auto occurs = [&](const std::string& part) { return part.find("--" + boundary) != part.npos; };
  while (std::any_of(parts.begin(), parts.end(), occurs)) boundary += "_";
  return boundary;
}

std::string header_of(const Dsn& dsn, const std::string& boundary) {
  std::string header;
  add_field(header, "From", fmt::format("\"Mail Delivery System\" <postmaster@{}>", dsn.hostname));
  add_field(header, "To", safe_text("<" + dsn.to + ">", dsn.utf8));
  add_field(header, "Subject", safe_text(dsn.subject, dsn.utf8));
  header += date_field(dsn.at);
  add_field(header, "Message-ID", dsn_message_id(dsn));
  bool is_name = dsn.message_id.starts_with('<') && dsn.message_id.ends_with('>') &&
                 is_printable_ascii(dsn.message_id) &&
                 dsn.message_id.size() <= message_id_octets_max;
  if (is_name) {
    header += "In-Reply-To: " + dsn.message_id + "\r\n";
    header += "References: " + dsn.message_id + "\r\n";
  }
  header += "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n";
  header += "Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"" +
            boundary + "\"\r\n\r\n";
  return header;
}

}  // namespace

std::string dsn_message_id(const Dsn& dsn) { return fmt::format("<{}@{}>", dsn.id, dsn.hostname); }

WrittenDsn write_dsn(const Dsn& dsn) {
  std::vector<std::string> parts{text_part(dsn), status_part(dsn)};
  if (dsn.part != ReturnedPart::none) {
    bool whole = dsn.part == ReturnedPart::message && is_clean(dsn.returned);
    std::string_view octets = whole ? std::string_view(dsn.returned) : header_of(dsn.returned);
    parts.push_back(returned_part(dsn, octets, whole));
  }
  std::string boundary = boundary_for(dsn, parts);
  WrittenDsn written;
  written.header = header_of(dsn, boundary);
  for (const std::string& part : parts) {
    // The last line end belongs to the boundary (RFC 2046 §5.1.1), the one before to the part.
    written.body += "--" + boundary + "\r\n" + part;
    written.body += part.ends_with("\r\n") ? "\r\n" : "\r\n\r\n";
  }
  written.body += "--" + boundary + "--\r\n";
  written.eight_bit = !is_ascii(written.header) || !is_ascii(written.body);
  return written;
}

}  // namespace waypost::message
