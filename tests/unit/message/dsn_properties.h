#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.h"
#include "message/dsn_writer.h"
#include "message/header_block.h"

// What holds of every notice, whatever stands in it: for the tests and the fuzz target. Each
// function gives what is wrong, or nothing.
namespace waypost::message {

inline size_t count_of(std::string_view text, std::string_view what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + what.size()))
    ++count;
  return count;
}

inline std::string breach_of_lines(std::string_view octets) {
  while (!octets.empty()) {
    size_t end = octets.find("\r\n");
    if (end == octets.npos) return "the last line has no end";
    std::string_view line = octets.substr(0, end);
    using namespace std::string_view_literals;
    if (line.find_first_of("\r\n\0"sv) != line.npos) return "a CR, LF or NUL inside of a line";
    if (line.size() > 998) return "a line of more than 998 octets";
    octets.remove_prefix(end + 2);
  }
  return {};
}

// Fields of these names only, none of whose lines is blank.
inline std::string breach_of_fields(std::string_view fields, const std::set<std::string>& names) {
  HeaderBlock block = scan_header_block(fields);
  if (block.ended_by == HeaderEnd::not_a_field) return "a line that is no field";
  for (const HeaderField& field : block.fields) {
    if (!names.contains(std::string(field.name))) return "a field " + std::string(field.name);
    for (size_t at = field.value.find("\r\n"); at != field.value.npos;
         at = field.value.find("\r\n", at + 2)) {
      std::string_view line = field.value.substr(at + 2);
      if (base::trim(line.substr(0, line.find("\r\n"))).empty()) return "a blank line in a field";
    }
  }
  return {};
}

// The parts, or one that says what is wrong.
inline std::vector<std::string> parts_of(const WrittenDsn& written) {
  const std::string key = "boundary=\"";
  size_t start = written.header.rfind(key);
  if (start == written.header.npos) return {"no boundary"};
  start += key.size();
  std::string boundary = written.header.substr(start, written.header.find('"', start) - start);
  std::string opening = "--" + boundary + "\r\n";
  std::string closing = "\r\n--" + boundary + "--\r\n";
  std::string_view body = written.body;
  if (boundary.size() > 70) return {"a boundary of more than 70 octets"};
  if (!body.starts_with(opening) || !body.ends_with(closing)) return {"no part at all"};
  body.remove_prefix(opening.size());
  body.remove_suffix(closing.size());
  std::vector<std::string> parts;
  while (true) {
    size_t end = body.find("\r\n" + opening);
    parts.emplace_back(body.substr(0, end));
    if (end == body.npos) break;
    body.remove_prefix(end + 2 + opening.size());
  }
  if (count_of(written.body, "--" + boundary) != parts.size() + 1)
    return {"the boundary stands inside of a part"};
  return parts;
}

// Of the part for programs; nothing is looked at that is encoded.
inline std::string breach_of_status(const Dsn& dsn, std::string_view part) {
  std::string_view type = dsn.utf8 ? "Content-Type: message/global-delivery-status\r\n"
                                   : "Content-Type: message/delivery-status\r\n";
  if (!part.starts_with(type)) return "the status part has another type";
  part.remove_prefix(type.size());
  if (!part.starts_with("\r\n")) return dsn.utf8 ? "" : "the status part has an encoding";
  part.remove_prefix(2);
  size_t groups = 0;
  while (!part.empty()) {
    size_t end = std::min(part.find("\r\n\r\n"), part.size() - 2) + 2;
    static const std::set<std::string> message{"Reporting-MTA", "Original-Envelope-Id",
                                               "Arrival-Date"};
    static const std::set<std::string> recipient{
        "Original-Recipient", "Final-Recipient",   "Action",          "Status", "Remote-MTA",
        "Diagnostic-Code",    "Last-Attempt-Date", "Will-Retry-Until"};
    std::string wrong = breach_of_fields(part.substr(0, end), groups++ == 0 ? message : recipient);
    if (!wrong.empty()) return wrong + " in the status part";
    part.remove_prefix(std::min(end + 2, part.size()));
  }
  return groups == dsn.recipients.size() + 1 ? "" : "another number of recipients";
}

inline std::string breach_of(const Dsn& dsn, const WrittenDsn& written) {
  std::string wrong = breach_of_lines(written.header);
  if (wrong.empty()) wrong = breach_of_lines(written.body);
  if (!wrong.empty()) return wrong;
  wrong = breach_of_fields(
      written.header, {"From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
                       "Auto-Submitted", "MIME-Version", "Content-Type"});
  if (!wrong.empty()) return wrong;
  if (scan_header_block(written.header).body_offset != written.header.size())
    return "the header ends early";
  auto is_high = [](char c) { return (c & 0x80) != 0; };
  bool header_high = std::any_of(written.header.begin(), written.header.end(), is_high);
  bool body_high = std::any_of(written.body.begin(), written.body.end(), is_high);
  if (written.eight_bit != (header_high || body_high)) return "eight_bit is not what there is";
  if (header_high && !dsn.utf8) return "octets over 0x7f in the header";
  if (body_high && dsn.part != ReturnedPart::message) return "octets over 0x7f in the body";
  std::vector<std::string> parts = parts_of(written);
  size_t wanted = dsn.part == ReturnedPart::none ? 2 : 3;
  if (parts.size() != wanted) return "another number of parts: " + parts.front();
  if (!parts[0].starts_with("Content-Type: text/plain;")) return "the first part is not for people";
  return breach_of_status(dsn, parts[1]);
}

}  // namespace waypost::message
