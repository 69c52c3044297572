#include "submission/proxy_header.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace waypost::submission {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view text_signature = "PROXY ";
constexpr std::string_view binary_signature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr size_t text_octets_max = 107;  // with CR LF
constexpr size_t binary_fixed_octets = 16;

tl::unexpected<base::Error> refuse(const char* why) { return failure(ErrorCode::protocol, why); }

// ---- version 1: "PROXY TCP4 192.0.2.1 198.51.100.1 50122 25" CR LF

// The word in front of the next space, which is taken off as well.
std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

std::optional<uint16_t> read_port(std::string_view text) {
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || stopped != end) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return port;
}

// An IPv4-mapped address is IPv6 here, as it is written.
std::optional<IpAddress> read_address(std::string_view text, bool is_v6) {
  auto address = IpAddress::parse(text);
  if (!address || (text.find(':') != std::string_view::npos) != is_v6) return std::nullopt;
  return *address;
}

Result<ProxyHeader> read_text(std::string_view line) {
  const std::string_view family = take_word(line);
  if (family == "UNKNOWN") return ProxyHeader();
  if (family != "TCP4" && family != "TCP6")
    return refuse("the PROXY header has another family than TCP4, TCP6 and UNKNOWN");
  const auto client = read_address(take_word(line), family == "TCP6");
  const auto server = read_address(take_word(line), family == "TCP6");
  const auto client_port = read_port(take_word(line));
  const auto server_port = read_port(line);
  if (!client || !server || !client_port || !server_port)
    return refuse("the PROXY header does not hold two addresses and two ports of its family");
  return ProxyHeader{Endpoint{*client, *client_port}, false};
}

Result<TakenProxyHeader> take_text(std::string_view octets) {
  const std::string_view line = octets.substr(0, octets.find('\n'));
  const bool has_ended = line.size() < octets.size();
  if (line.size() >= text_octets_max) return refuse("the PROXY header is too long");
  if (!has_ended) return TakenProxyHeader();
  if (!line.ends_with('\r')) return refuse("the PROXY header does not end with CR LF");
  std::string_view text = line.substr(0, line.size() - 1);
  text.remove_prefix(text_signature.size());
  TRY(ProxyHeader header, read_text(text));
  return TakenProxyHeader{line.size() + 1, header};
}

// ---- version 2

constexpr uint8_t command_local = 0x20;
constexpr uint8_t command_proxy = 0x21;

enum class Addresses { none, ipv4, ipv6, local_socket };

// The octets that the addresses of each take.
constexpr size_t octets_of(Addresses addresses) {
  switch (addresses) {
    case Addresses::ipv4:
      return 12;
    case Addresses::ipv6:
      return 36;
    case Addresses::local_socket:
      return 216;
    case Addresses::none:
      break;
  }
  return 0;
}

std::optional<Addresses> addresses_of(uint8_t family_and_protocol) {
  switch (family_and_protocol) {
    case 0x00:
      return Addresses::none;
    case 0x11:
      return Addresses::ipv4;
    case 0x21:
      return Addresses::ipv6;
    case 0x31:
      return Addresses::local_socket;
    default:  // datagrams, which this is not, and what nobody has assigned
      return std::nullopt;
  }
}

uint8_t octet_at(std::string_view octets, size_t at) { return static_cast<uint8_t>(octets[at]); }

uint16_t number16_at(std::string_view octets, size_t at) {
  return static_cast<uint16_t>(octet_at(octets, at) << 8 | octet_at(octets, at + 1));
}

template <size_t Octets>
std::array<uint8_t, Octets> array_at(std::string_view octets, size_t at) {
  std::array<uint8_t, Octets> array;
  std::copy_n(octets.begin() + at, Octets, array.begin());
  return array;
}

std::optional<Endpoint> client_in(std::string_view block, Addresses addresses) {
  if (addresses == Addresses::ipv4)
    return Endpoint{IpAddress::v4(array_at<4>(block, 0)), number16_at(block, 8)};
  if (addresses == Addresses::ipv6)
    return Endpoint{IpAddress::v6(array_at<16>(block, 0)), number16_at(block, 32)};
  return std::nullopt;
}

// CRC-32C (Castagnoli).
constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t octet = 0; octet < table.size(); ++octet) {
    uint32_t value = octet;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0x82F63B78u : 0);
    table[octet] = value;
  }
  return table;
}
constexpr std::array<uint32_t, 256> crc_table = make_crc_table();

uint32_t add_to_crc(uint32_t crc, std::string_view octets) {
  for (char c : octets) crc = (crc >> 8) ^ crc_table[(crc ^ static_cast<uint8_t>(c)) & 0xff];
  return crc;
}

// The checksum at `at` is over the whole header, with zeros in its own place.
bool checksum_fits(std::string_view header, size_t at) {
  uint32_t crc = add_to_crc(~0u, header.substr(0, at));
  crc = add_to_crc(crc, "\0\0\0\0"sv);
  crc = ~add_to_crc(crc, header.substr(at + 4));
  const uint32_t said = uint32_t{number16_at(header, at)} << 16 | number16_at(header, at + 2);
  return crc == said;
}

// What stands behind the addresses: type, length in two octets, value.
Result<void> read_extras(std::string_view header, size_t at, ProxyHeader& into) {
  constexpr size_t head_octets = 3;
  constexpr uint8_t type_checksum = 0x03;
  constexpr uint8_t type_tls = 0x20;
  constexpr size_t tls_fixed_octets = 5;  // flags, and what verifying the client's certificate gave
  constexpr uint8_t came_over_tls = 0x01;
  while (at < header.size()) {
    if (header.size() - at < head_octets) return refuse("the PROXY header ends inside an extra");
    const uint8_t type = octet_at(header, at);
    const size_t length = number16_at(header, at + 1);
    at += head_octets;
    if (length > header.size() - at)
      return refuse("an extra of the PROXY header is longer than the header");
    if (type == type_checksum && (length != 4 || !checksum_fits(header, at)))
      return refuse("the checksum of the PROXY header does not fit it");
    if (type == type_tls) {
      if (length < tls_fixed_octets) return refuse("the PROXY header says too little about TLS");
      into.client_tls = octet_at(header, at) & came_over_tls;
    }
    at += length;
  }
  return {};
}

Result<TakenProxyHeader> take_binary(std::string_view octets) {
  if (octets.size() > 12 && octet_at(octets, 12) != command_local &&
      octet_at(octets, 12) != command_proxy)
    return refuse("the PROXY header has an unknown version or command");
  if (octets.size() < binary_fixed_octets) return TakenProxyHeader();
  const size_t whole = binary_fixed_octets + number16_at(octets, 14);
  if (whole > proxy_header_octets_max) return refuse("the PROXY header is too long");
  if (octets.size() < whole) return TakenProxyHeader();
  // Of its own connection the proxy says nothing that counts, whatever stands in the header.
  if (octet_at(octets, 12) == command_local) return TakenProxyHeader{whole, {}};
  const auto addresses = addresses_of(octet_at(octets, 13));
  if (!addresses) return refuse("the PROXY header has another protocol than TCP");
  const std::string_view header = octets.substr(0, whole);
  const size_t extras_at = binary_fixed_octets + octets_of(*addresses);
  if (extras_at > whole) return refuse("the PROXY header is too short for its addresses");
  TakenProxyHeader taken{whole, {}};
  taken.header.client = client_in(header.substr(binary_fixed_octets), *addresses);
  TRY_VOID(read_extras(header, extras_at, taken.header));
  return taken;
}

bool agree_so_far(std::string_view octets, std::string_view signature) {
  const size_t common = std::min(octets.size(), signature.size());
  return octets.substr(0, common) == signature.substr(0, common);
}

}  // namespace

Result<TakenProxyHeader> take_proxy_header(std::string_view octets) {
  const bool is_text = agree_so_far(octets, text_signature);
  const bool is_binary = agree_so_far(octets, binary_signature);
  if (!is_text && !is_binary) return refuse("the connection does not begin with a PROXY header");
  if (is_text && octets.size() >= text_signature.size()) return take_text(octets);
  if (is_binary && octets.size() >= binary_signature.size()) return take_binary(octets);
  return TakenProxyHeader();
}

}  // namespace waypost::submission
