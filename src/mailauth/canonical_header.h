#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/canonical_body.h"
#include "message/header_block.h"

// How DKIM and ARC see the header of a message (RFC 6376 §3.4.1, §3.4.2, §3.7).
namespace waypost::mailauth {

// Appends the canonical form of one field, with CRLF at its end. `octets` are what was scanned.
void append_canonical_field(CanonicalForm form, const message::HeaderField& field,
                            std::string_view octets, std::string& canonical);

// The same for the field that carries the signature itself: the value of its b= tag, which stands
// in [b_begin, b_end) of field.value, is left out, and there is no CRLF at the end.
void append_canonical_signature(CanonicalForm form, const message::HeaderField& field,
                                std::string_view octets, size_t b_begin, size_t b_end,
                                std::string& canonical);

// Picks the fields that a list of names stands for: of several with the same name the last first,
// and nothing where there are no more (RFC 6376 §5.4.2).
class FieldPicker {
 public:
  explicit FieldPicker(const message::HeaderBlock& block);

  // The fields in the order of `names`, in any case. Owned by the block.
  std::vector<const message::HeaderField*> pick(const std::vector<std::string>& names) const;

 private:
  struct Entry {
    std::string name;  // lower case
    const message::HeaderField* field;
  };
  std::vector<Entry> entries_;  // by name; of the same name the last field first
};

}  // namespace waypost::mailauth
