#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mailauth/spf_macro.h"
#include "mailauth/spf_network.h"

namespace waypost::mailauth {

// RFC 7208 §2.6.
enum class SpfResult { none, neutral, pass, fail, softfail, temperror, permerror };
// "softfail"
std::string_view name(SpfResult result);

enum class SpfMechanism { all, include, a, mx, ptr, ip4, ip6, exists };
std::string_view name(SpfMechanism mechanism);
// Whether it counts toward the ten lookups of RFC 7208 §4.6.4; "redirect" does, too.
bool costs_lookup(SpfMechanism mechanism);

// One mechanism with its qualifier.
struct SpfDirective {
  std::string text;                       // as published: "-all", "include:_spf.example.net"
  SpfResult qualifier = SpfResult::pass;  // pass, fail, softfail or neutral
  SpfMechanism mechanism = SpfMechanism::all;
  std::optional<MacroString> target;  // none: the domain itself
  Network network;                    // of ip4 and ip6
  unsigned v4_bits = 32;              // of a and mx
  unsigned v6_bits = 128;
};

struct SpfModifier {
  std::string text;
  MacroString target;
};

struct SpfRecord {
  std::vector<SpfDirective> directives;
  std::optional<SpfModifier> redirect;
  std::optional<SpfModifier> explanation;
  std::vector<std::string> unknown_modifiers;  // as published; they mean nothing

  const SpfDirective* all() const;
};

// Whether a TXT record is one of SPF's, of whatever quality (RFC 7208 §4.5).
bool is_spf_record(std::string_view text);

// The whole of a record, "v=spf1 ..." (RFC 7208 §12). The failure is a permerror: invalid_input
// with words for the writer of the record, which quote the term.
Result<SpfRecord> parse_spf_record(std::string_view text);

inline constexpr size_t spf_faults_max = 20;

// The same for whoever mends the record: the terms that can be read, and what is wrong with each of
// the others, up to spf_faults_max.
struct SpfTerms {
  SpfRecord record;
  std::vector<std::string> faults;
};
SpfTerms parse_spf_terms(std::string_view text);

}  // namespace waypost::mailauth
