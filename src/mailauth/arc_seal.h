#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "mailauth/arc_set.h"
#include "mailauth/canonical_body.h"
#include "mailauth/dkim_sign.h"
#include "message/header_block.h"

namespace waypost::mailauth {

// How a hop seals what it sends on. Any thread may read it.
struct ArcSealPlan {
  std::string domain;
  SigningKey key;
  std::string authserv_id;          // in whose name the results are given
  std::vector<std::string> fields;  // what the message signature covers, as often as it is there

  // With the fields that DKIM signs, and DKIM-Signature itself (RFC 8617 §4.1.2). invalid_input for
  // names that are none.
  static Result<ArcSealPlan> create(std::string domain, SigningKey key, std::string authserv_id);
};

// Adds a set to the chain of one message (RFC 8617 §5.1) while its body streams by. `plan`,
// `octets` and `block` outlive it.
class ArcSealing {
 public:
  // `chain` is what ArcValidator said of the message as it came in; `results` is what this hop
  // found out, one result each, as an Authentication-Results field has them. A chain that an
  // earlier hop ended, or one of arc_sets_max sets, gets no other set: then adds_set() is false.
  // invalid_input for a header that cannot be signed.
  static Result<ArcSealing> start(const ArcSealPlan& plan, std::string_view octets,
                                  const message::HeaderBlock& block, ChainValidation chain,
                                  const std::vector<std::string>& results, WallTime now);

  bool adds_set() const { return instance_ > 0; }
  void add_body(std::string_view piece) { bodies_.add(piece); }
  // The three fields that go on top of the message, whole lines with CRLF; empty where no set is
  // added.
  Result<std::string> finish();

 private:
  ArcSealing(const ArcSealPlan& plan, WallTime now) : plan_(plan), now_(now) {}
  void take_message(std::string_view octets, const message::HeaderBlock& block);
  Result<std::string> message_signature();
  Result<std::string> seal(const std::string& message_signature);

  const ArcSealPlan& plan_;
  WallTime now_;
  unsigned instance_ = 0;
  ChainValidation chain_ = ChainValidation::none;
  std::string results_field_;
  std::vector<std::string> names_;  // h=
  std::string canonical_;           // the fields that they stand for
  std::string sealed_before_;       // canonical octets of the sets that the seal covers
  BodyHashes bodies_;
  size_t body_hash_ = 0;
};

}  // namespace waypost::mailauth
