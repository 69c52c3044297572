#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "mailauth/dkim_signature.h"
#include "message/header_block.h"

// The sets of three fields that each hop of an Authenticated Received Chain adds (RFC 8617 §4).
namespace waypost::mailauth {

inline constexpr unsigned arc_sets_max = 50;  // RFC 8617 §4.2.1

// What a seal says about the chain below it: cv= (RFC 8617 §4.1.3).
enum class ChainValidation { none, pass, fail };
std::string_view name(ChainValidation validation);

struct ArcSet {
  unsigned instance = 0;
  const message::HeaderField* results = nullptr;    // ARC-Authentication-Results
  const message::HeaderField* signature = nullptr;  // ARC-Message-Signature
  const message::HeaderField* seal = nullptr;       // ARC-Seal
  DkimSignature signature_tags;
  DkimSignature seal_tags;  // without what only messages' signatures have
  ChainValidation validation = ChainValidation::none;
};

// The sets of a message, from instance 1 on without a gap, each of them whole; empty when it has
// none. The fault is a sentence about what breaks the chain's form. Fields are owned by the block.
tl::expected<std::vector<ArcSet>, std::string> collect_arc_sets(const message::HeaderBlock& block);

// Of all ARC fields, also of a broken chain; 0 for none, or when no field has a legal one.
unsigned highest_arc_instance(const message::HeaderBlock& block);
// Whether the seal of the highest instance says that the chain is broken for good.
bool arc_chain_was_ended(const message::HeaderBlock& block);

// The i= in front of an ARC-Authentication-Results, and the rest behind its semicolon.
struct ArcResultsValue {
  unsigned instance = 0;
  std::string_view results;
};
tl::expected<ArcResultsValue, std::string> parse_arc_results(std::string_view value);

}  // namespace waypost::mailauth
