#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace waypost::mailauth {

// Writes a field of tags, folded to 78 columns; the signature comes last, since its own value does
// not count in what it signs.
class TagFieldWriter {
 public:
  explicit TagFieldWriter(std::string_view field_name);

  void add(std::string_view tag, std::string_view value);
  // Folded between the names.
  void add_list(std::string_view tag, const std::vector<std::string>& names);
  // The field with an empty b= at its end and no line end: what is signed.
  std::string unsigned_octets() const;
  // The whole field, with its line end.
  std::string finish(std::string_view signature) &&;

 private:
  void put(std::string_view word);

  std::string octets_;
  size_t column_ = 0;
};

}  // namespace waypost::mailauth
