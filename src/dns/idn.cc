#include "dns/idn.h"

#include <algorithm>
#include <cstdlib>
#include <idn2.h>
#include <memory>

#include "base/ascii.h"

namespace waypost::dns {
namespace {

// Longer than any domain that fits into a name of 253 octets, in any script.
constexpr size_t u_labels_octets_max = 1024;

struct FreeName {
  void operator()(uint8_t* name) const { idn2_free(name); }
};

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

Result<std::string> to_a_labels(std::string_view domain) {
  if (is_ascii(domain)) return std::string(domain);
  if (domain.size() > u_labels_octets_max || domain.find('\0') != domain.npos)
    return failure(ErrorCode::invalid_input, "the domain is too long or holds NUL");
  std::string text(domain);
  uint8_t* converted = nullptr;
  int status = idn2_lookup_u8(reinterpret_cast<const uint8_t*>(text.c_str()), &converted,
                              IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  std::unique_ptr<uint8_t, FreeName> owned(converted);
  if (status != IDN2_OK)
    return failure(ErrorCode::invalid_input,
                   std::string("the domain has no ASCII form: ") + idn2_strerror(status));
  // The mapping may make ">" or a space of a wider form of it.
  std::string_view labels(reinterpret_cast<const char*>(owned.get()));
  const auto allowed = [](char c) { return base::is_alnum(c) || c == '-' || c == '.' || c == '_'; };
  if (!std::all_of(labels.begin(), labels.end(), allowed))
    return failure(ErrorCode::invalid_input, "the domain holds what no host name may hold");
  return std::string(labels);
}

}  // namespace waypost::dns
