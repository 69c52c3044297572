#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "base/time.h"
#include "mailauth/arc_set.h"
#include "mailauth/canonical_body.h"
#include "mailauth/canonical_header.h"
#include "mailauth/dkim_lookup.h"
#include "message/header_block.h"

namespace waypost::mailauth {

// What is known of one signature of a hop.
enum class ArcFinding {
  not_checked,  // RFC 8617 §5.2 ended the chain before
  holds,
  broken,
  unknown,  // its key is not there, no good, or could not be looked up
};

// One hop of the chain.
struct ArcSetResult {
  unsigned instance = 0;
  std::string sealer;       // d= of the seal
  std::string authserv_id;  // who evaluated the message there; empty where it is not said
  std::string results;      // what it said, on one line
  ArcFinding seal = ArcFinding::not_checked;
  ArcFinding message = ArcFinding::not_checked;  // as it is now
};

struct ArcResult {
  ChainValidation status = ChainValidation::none;
  std::string reason;      // a sentence without its full stop
  bool temporary = false;  // fail, since a key could not be looked up
  // The oldest hop whose signature still fits the message, when it is not the first: what came
  // before was changed there (RFC 8617 §5.2, step 5). 0: the message was never changed.
  unsigned oldest_pass = 0;
  std::vector<ArcSetResult> sets;  // of a chain whose form is right, from instance 1 on
};

// Validates the chain of one message (RFC 8617 §5.2) while its body streams by; used like
// DkimVerifier. `octets` and `block` outlive it.
class ArcValidator {
 public:
  ArcValidator(std::string_view octets, const message::HeaderBlock& block);

  void add_body(std::string_view piece) { bodies_.add(piece); }
  void finish_body() { bodies_.finish(); }
  std::vector<std::string> key_names() const;
  ArcResult judge(const KeyAnswers& keys) const;

 private:
  ArcFinding check_message(const ArcSet& set, size_t body_hash, const KeyAnswers& keys,
                           ArcResult& result) const;
  ArcFinding check_seal(const ArcSet& set, const KeyAnswers& keys, ArcResult& result) const;

  std::string_view octets_;
  FieldPicker picker_;
  tl::expected<std::vector<ArcSet>, std::string> sets_;
  std::vector<size_t> body_hashes_;  // one a set, numbers in bodies_
  BodyHashes bodies_;
};

// What the seal of instance `last` covers, without that seal itself, in canonical form (RFC 8617
// §5.1.1). `first` is the first instance in it: 1 but for the end of a broken chain (§5.1.2).
// `header` is what the fields of `sets` were scanned from.
std::string sealed_octets(const std::vector<ArcSet>& sets, unsigned first, unsigned last,
                          std::string_view header);

}  // namespace waypost::mailauth
