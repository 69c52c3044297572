#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "base/time.h"
#include "mailauth/canonical_body.h"
#include "mailauth/canonical_header.h"
#include "mailauth/dkim_lookup.h"
#include "mailauth/dkim_signature.h"
#include "message/header_block.h"

namespace waypost::mailauth {

inline constexpr size_t dkim_signatures_max = 10;

// What one DKIM-Signature field is worth.
struct DkimResult {
  DkimStatus status = DkimStatus::none;
  std::string reason;              // a sentence without its full stop
  std::vector<std::string> notes;  // what does not change the result but should be known
  // Of a signature that is not accepted as it stands there, as far as its tags can be read.
  std::string domain;
  std::string selector;
  std::string identity;                    // i=
  std::string algorithm;                   // "rsa-sha256"
  std::vector<std::string> signed_fields;  // h=, as it stands
  std::string signature_start;             // of b=, for RFC 8601 §2.7.1's header.b
  unsigned key_bits = 0;                   // 0: the key was not seen
  bool testing = false;                    // t=y: the domain only tries DKIM out
};

// Checks the signatures of one message (RFC 6376 §6, RFC 8301, RFC 8463), while its body streams
// by:
//   DkimVerifier verifier(octets, block, now); verifier.add_body(...)...; verifier.finish_body();
//   KeyAnswers keys = co_await look_up_keys(resolver, verifier.key_names(), deadline);
//   verifier.judge(keys);
// `octets` and `block` outlive it. The first dkim_signatures_max signatures count.
class DkimVerifier {
 public:
  DkimVerifier(std::string_view octets, const message::HeaderBlock& block, WallTime now);

  void add_body(std::string_view piece) { bodies_.add(piece); }
  void finish_body() { bodies_.finish(); }
  // Of the signatures that need a key.
  std::vector<std::string> key_names() const;
  // One result a signature, from the top of the message; none when it is not signed.
  std::vector<DkimResult> judge(const KeyAnswers& keys) const;

 private:
  struct Candidate {
    const message::HeaderField* field;
    tl::expected<DkimSignature, DkimFault> signature;
    size_t body_hash = 0;  // number in bodies_
  };
  DkimResult judge(const Candidate& candidate, const KeyAnswers& keys) const;
  void add_notes(const Candidate& candidate, DkimResult& result) const;
  void note_uncovered_fields(const DkimSignature& signature, DkimResult& result) const;

  std::string_view octets_;
  const message::HeaderBlock& block_;
  WallTime now_;
  FieldPicker picker_;
  std::vector<Candidate> candidates_;
  size_t left_out_ = 0;
  BodyHashes bodies_;
};

// The hash that b= signs, of a signature that stands in `field` (RFC 6376 §3.7).
std::string signed_header_hash(const DkimSignature& signature, const message::HeaderField& field,
                               std::string_view octets, const FieldPicker& picker);

// What a signature over `hash` is worth by the key that DNS has for it.
struct KeyVerdict {
  DkimStatus status = DkimStatus::permerror;
  std::string reason;  // empty for pass
  unsigned key_bits = 0;
  bool testing = false;
};
KeyVerdict check_with_key(const DkimSignature& signature, const KeyAnswers& keys,
                          std::string_view hash);

}  // namespace waypost::mailauth
