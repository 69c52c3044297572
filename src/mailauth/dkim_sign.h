#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "mailauth/canonical_body.h"
#include "mailauth/canonical_header.h"
#include "mailauth/private_key.h"
#include "message/header_block.h"

namespace waypost::mailauth {

struct SigningKey {
  std::string selector;
  std::shared_ptr<const PrivateKey> key;
};

// How the mail of one domain is signed: made once, used for each message. Any thread may read it.
struct SigningPlan {
  std::string domain;
  std::vector<SigningKey> keys;  // one signature each, in this order from the top of the message
  CanonicalForm header_form = CanonicalForm::relaxed;
  CanonicalForm body_form = CanonicalForm::relaxed;
  std::optional<std::chrono::seconds> valid_for;  // x=; nothing: no end
  // Signed as often as they are there and once more, so that nobody can add one (RFC 6376 §8.15).
  std::vector<std::string> sealed_fields;
  // Signed as often as they are there: lists on the way may add one.
  std::vector<std::string> other_fields;

  // With the fields of RFC 6376 §5.4.1 and those that bulk mail needs (RFC 8058 §4). invalid_input
  // for a domain or selector that is no name, or no key at all.
  static Result<SigningPlan> create(std::string domain, std::vector<SigningKey> keys);
};

// Signs one message while its body streams by. `plan`, `octets` and `block` outlive it.
class DkimSigning {
 public:
  // invalid_input for a message without From, or with a header over the limits of HeaderBlock.
  static Result<DkimSigning> start(const SigningPlan& plan, std::string_view octets,
                                   const message::HeaderBlock& block, WallTime now);

  void add_body(std::string_view piece) { bodies_.add(piece); }
  // The DKIM-Signature fields that go on top of the message: whole lines with CRLF.
  Result<std::string> finish();

 private:
  DkimSigning(const SigningPlan& plan, std::string_view octets, const message::HeaderBlock& block,
              WallTime now);

  const SigningPlan& plan_;
  WallTime now_;
  std::vector<std::string> names_;  // h=
  std::string canonical_;           // the fields that they stand for
  BodyHashes bodies_;
  size_t body_hash_;  // number in bodies_
};

// The hash of an unsigned field (TagFieldWriter) behind canonical fields.
std::string hash_with_field(CanonicalForm form, std::string canonical_fields,
                            const std::string& unsigned_field);

}  // namespace waypost::mailauth
