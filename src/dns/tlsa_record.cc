#include "dns/tlsa_record.h"

#include <fmt/format.h>

namespace waypost::dns {
namespace {

constexpr size_t numbers_octets = 3;

}  // namespace

std::string TlsaRecord::text(size_t digits_max) const {
  std::string digits;
  for (char c : data.substr(0, digits_max / 2))
    digits += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return fmt::format("{} {} {} {}{}", usage, selector, matching_type, digits,
                     digits.size() < 2 * data.size() ? "..." : "");
}

Result<TlsaRecord> parse_tlsa_rdata(std::string_view rdata) {
  if (rdata.size() <= numbers_octets)
    return failure(ErrorCode::dns, "the name server sent a malformed TLSA record: it is cut off");
  return TlsaRecord{static_cast<uint8_t>(rdata[0]), static_cast<uint8_t>(rdata[1]),
                    static_cast<uint8_t>(rdata[2]), std::string(rdata.substr(numbers_octets))};
}

std::string tlsa_name(uint16_t port, std::string_view host) {
  return fmt::format("_{}._tcp.{}", port, host);
}

}  // namespace waypost::dns
