#include "dns/rdata.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::dns {
namespace {

constexpr size_t label_octets_max = 63;
// In wire form, with the length octets and the root (RFC 1035 §2.3.4).
constexpr size_t wire_name_octets_max = 255;
constexpr size_t preference_octets = 2;
constexpr size_t service_numbers_octets = 6;

tl::unexpected<Error> malformed(std::string_view what) {
  return failure(ErrorCode::dns, fmt::format("the name server sent a malformed {}", what));
}

bool is_name_character(char c) { return base::is_alnum(c) || c == '-' || c == '_'; }

void append_label(std::string& text, std::string_view label) {
  if (!text.empty()) text += '.';
  for (char c : label) {
    if (is_name_character(c))
      text += base::to_lower(c);
    else
      text += fmt::format("\\{:03}", static_cast<unsigned char>(c));
  }
}

// The whole of `wire` as one name; "" is the root.
Result<std::string> parse_name(std::string_view wire) {
  if (wire.size() > wire_name_octets_max) return malformed("name: it is too long");
  std::string text;
  while (!wire.empty()) {
    size_t length = static_cast<unsigned char>(wire.front());
    wire.remove_prefix(1);
    if (length == 0) {
      if (!wire.empty()) return malformed("name: octets follow its end");
      return text;
    }
    // Over 63 it is a compression pointer or a kind of label that nobody uses.
    if (length > label_octets_max) return malformed("name: a label is too long");
    if (length > wire.size()) return malformed("name: it is cut off");
    append_label(text, wire.substr(0, length));
    wire.remove_prefix(length);
  }
  return malformed("name: it is cut off");
}

tl::unexpected<Error> no_name(std::string_view text) {
  return failure(ErrorCode::invalid_input,
                 fmt::format("\"{}\" is not a domain name", base::escape_control(text)));
}

// The octet behind a backslash, as three digits.
std::optional<unsigned char> escaped_octet(std::string_view digits) {
  if (digits.size() < 3) return std::nullopt;
  unsigned value = 0;
  for (char c : digits.substr(0, 3)) {
    if (!base::is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value > 255) return std::nullopt;
  return static_cast<unsigned char>(value);
}

template <size_t octets>
std::array<uint8_t, octets> to_array(std::string_view rdata) {
  std::array<uint8_t, octets> array;
  std::memcpy(array.data(), rdata.data(), octets);
  return array;
}

// In network order.
uint16_t number_at(std::string_view rdata, size_t at) {
  return static_cast<uint16_t>(static_cast<unsigned char>(rdata[at]) << 8 |
                               static_cast<unsigned char>(rdata[at + 1]));
}

}  // namespace

Result<MxRecord> parse_mx_rdata(std::string_view rdata) {
  if (rdata.size() < preference_octets) return malformed("MX record: it is cut off");
  MxRecord record;
  record.preference = number_at(rdata, 0);
  TRY(record.host, parse_name(rdata.substr(preference_octets)));
  return record;
}

std::string TxtRecord::joined() const {
  std::string text;
  for (const std::string& part : strings) text += part;
  return text;
}

Result<TxtRecord> parse_txt_rdata(std::string_view rdata) {
  if (rdata.empty()) return malformed("TXT record: it is empty");
  TxtRecord record;
  while (!rdata.empty()) {
    size_t length = static_cast<unsigned char>(rdata.front());
    rdata.remove_prefix(1);
    if (length > rdata.size()) return malformed("TXT record: it is cut off");
    record.strings.emplace_back(rdata.substr(0, length));
    rdata.remove_prefix(length);
  }
  return record;
}

Result<std::string> parse_ptr_rdata(std::string_view rdata) { return parse_name(rdata); }

Result<SrvRecord> parse_srv_rdata(std::string_view rdata) {
  if (rdata.size() < service_numbers_octets) return malformed("SRV record: it is cut off");
  SrvRecord record{number_at(rdata, 0), number_at(rdata, 2), number_at(rdata, 4), {}};
  TRY(record.host, parse_name(rdata.substr(service_numbers_octets)));
  return record;
}

Result<IpAddress> parse_address_rdata(std::string_view rdata, AddressFamily family) {
  if (family == AddressFamily::v4) {
    if (rdata.size() != 4) return malformed("A record");
    return IpAddress::v4(to_array<4>(rdata));
  }
  if (rdata.size() != 16) return malformed("AAAA record");
  IpAddress address = IpAddress::v6(to_array<16>(rdata));
  if (address.is_v4()) return malformed("AAAA record: it holds an IPv4 address");
  return address;
}

Result<std::string> normalize_name(std::string_view name) {
  std::string_view rest = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
  if (rest.size() > name_octets_max)
    return failure(ErrorCode::invalid_input,
                   fmt::format("a domain name has at most {} octets", name_octets_max));
  std::string normal = base::to_lower(rest);
  size_t begin = 0;
  while (true) {
    size_t end = std::min(normal.find('.', begin), normal.size());
    std::string_view label(normal.data() + begin, end - begin);
    if (label.empty() || label.size() > label_octets_max ||
        !std::all_of(label.begin(), label.end(), is_name_character))
      return no_name(rest);
    if (end == normal.size()) return normal;
    begin = end + 1;
  }
}

Result<std::string> normalize_question(std::string_view name) {
  if (name.find('\\') == name.npos) return normalize_name(name);
  std::string_view rest = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
  std::string normal;
  size_t octets = 0;
  size_t label_octets = 0;
  for (size_t i = 0; i < rest.size(); ++i, ++octets) {
    if (rest[i] == '.') {
      if (label_octets == 0) return no_name(rest);
      normal += '.';
      label_octets = 0;
      continue;
    }
    char c = rest[i];
    if (c == '\\') {
      auto octet = escaped_octet(rest.substr(i + 1));
      if (!octet) return no_name(rest);
      c = static_cast<char>(*octet);
      i += 3;
    } else if (!is_name_character(c)) {
      return no_name(rest);
    }
    if (is_name_character(c))
      normal += base::to_lower(c);
    else
      normal += fmt::format("\\{:03}", static_cast<unsigned char>(c));
    if (++label_octets > label_octets_max) return no_name(rest);
  }
  if (label_octets == 0 || octets > name_octets_max) return no_name(rest);
  return normal;
}

std::string reverse_name(const IpAddress& address) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string name;
  std::string_view octets = address.octets();
  for (size_t i = octets.size(); i-- > 0;) {
    auto octet = static_cast<unsigned char>(octets[i]);
    if (address.is_v4())
      name += fmt::format("{}.", octet);
    else
      name.append({digits[octet & 15], '.', digits[octet >> 4], '.'});
  }
  return name + (address.is_v4() ? "in-addr.arpa" : "ip6.arpa");
}

}  // namespace waypost::dns
