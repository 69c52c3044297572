#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace waypost::classify {

// Host names that stay readable in a normal text, by their last labels: a provider's hosts and the
// zones of DNS lists say who speaks or what is blamed, other host names do not.
class KnownHosts {
 public:
  void add(std::string_view domain);  // lower case
  // The longest known domain that `host` is or is under; empty when there is none.
  std::string_view suffix_of(std::string_view host) const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_set<std::string, Hash, std::equal_to<>> domains_;
};

// An IP address in its one spelling; what is none, in lower case.
std::string canonical_ip(std::string_view text);

// Our own names, so that a text that quotes them is known to be about us. May be empty; the address
// as canonical_ip() spells it, the domain in lower case without a dot at its end.
struct OwnNames {
  std::string ip;
  std::string domain;
};

// A reply's text in the form that rules are written for and that a cache can use as a key: lower
// case, lines joined and their repeated codes dropped, white space collapsed, and in the place of
// what differs from one message to the next a mark: {addr}, {ip}, {host}, {id}, {n}, and {json64}
// for a JSON object in base64 (the challenge of RFC 7628 §3.2.3). Reply codes, enhanced codes
// and a provider's short tokens (TSS04, OFR_416) stay.
struct NormalText {
  std::string text;
  // For each octet of `text` the offset in the input of what it stands for; one more for the end.
  std::vector<uint32_t> origin;
  bool quotes_own_names = false;

  // The input's octets [first, last) for the octets [begin, end) of `text`.
  struct Span {
    size_t begin = 0;
    size_t end = 0;
    size_t octets() const { return end - begin; }
  };
  Span in_input(std::string_view input, Span span) const;
};

inline constexpr size_t input_octets_max = 16 * 1024;

// Linear in the input, of which only the first input_octets_max octets are read. `normal` keeps its
// capacity from call to call.
void normalise(std::string_view input, const KnownHosts& known, const OwnNames& own,
               NormalText& normal);

}  // namespace waypost::classify
