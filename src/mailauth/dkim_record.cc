#include "mailauth/dkim_record.h"

#include <fmt/format.h>

#include "mailauth/dkim_base64.h"
#include "mailauth/txt_strings.h"

namespace waypost::mailauth {

std::string dkim_record_text(const PrivateKey& key) {
  return fmt::format("v=DKIM1; k={}; p={}", name(key.type()), encode_base64(key.public_octets()));
}

std::string txt_zone_line(std::string_view name, std::string_view text) {
  std::string line = fmt::format("{}. IN TXT", name);
  for (const std::string& part : txt_strings(text)) {
    line += " \"";
    for (char c : part) {
      if (c == '"' || c == '\\') line += '\\';
      line += c;
    }
    line += '"';
  }
  return line;
}

std::string dkim_record_name(std::string_view selector, std::string_view domain) {
  return fmt::format("{}._domainkey.{}", selector, domain);
}

}  // namespace waypost::mailauth
