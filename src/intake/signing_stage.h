#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "domains/signers.h"
#include "intake/submitter.h"
#include "mailauth/dkim_sign.h"
#include "smtp/address.h"
#include "smtp/reply.h"

// The stage that signs what arrives, with the keys of the domain in its From field. Pure, but for
// the mathematics: a signature takes up to half a millisecond.
namespace waypost::intake {

// What becomes of mail that receivers will not take for that of its From domain.
enum class UnsignedMail { accept, warn, hold, refuse };

struct Signing {
  std::shared_ptr<const domains::Signers> signers;  // null: nobody signs
  UnsignedMail unsigned_mail = UnsignedMail::accept;
  UnsignedMail unaligned_mail = UnsignedMail::accept;
};

// How a message stands with those who check it.
enum class SigningStanding {
  aligned,  // the From domain, one above it or below it signs, or did so before the message came
  // A domain signs that is below the same one as the From domain: DMARC counts it (relaxed
  // alignment, RFC 9989 §4.4) where that one is an organization's. Nobody is asked about that here.
  related,
  unaligned,  // another domain alone signs
  none,       // nobody does
};

struct SigningChoice {
  std::shared_ptr<const mailauth::SigningPlan> plan;  // null: nothing is signed here
  SigningStanding standing = SigningStanding::none;
  std::string from_domain;  // A-labels; empty where the header does not name one
  // What is wrong and what helps, a sentence or two; empty when aligned.
  std::string trouble;
  bool is_for_now = false;  // there are keys, which cannot be read
  // Of the From domain, whose records are not published yet: what is held is signed by it, so that
  // the signature counts once they are. Null where there is none.
  std::shared_ptr<const mailauth::SigningPlan> awaited;
  // The record that it waits for, "NAME TXT", and its text behind a line feed; "" for none.
  std::string record;
};

// Whose mail is signed, and for whom that may be done.
struct SigningRequest {
  // Of the envelope; its domain signs where the From domain has no keys.
  const std::optional<smtp::Mailbox>& sender;
  // Where the From domain is none of these, or cannot be told, nothing is signed: a signature says
  // that it is genuine.
  const std::optional<DomainPatterns>& sender_domains;
};

// `header` is a scanned header block.
SigningChoice choose_signer(const domains::Signers& signers, const message::HeaderBlock& header,
                            const SigningRequest& request);

// What `signing` has in mind for a message with this choice. Related mail is warned about at most:
// receivers may well take it.
UnsignedMail fate_of(const SigningChoice& choice, const Signing& signing);

// Why it is kept back: the trouble, and when to let it go.
std::string hold_reason(const SigningChoice& choice);

// 550 5.7.20 (not signed) or 550 5.7.22 (not by its From domain), RFC 7372 §3.1, with the trouble
// and the record that is to be published;
// 451 4.7.5 while the keys that would sign it cannot be read.
smtp::Reply unsigned_refusal(const SigningChoice& choice);

// Signs one message while its content streams by: the header first, then pieces of the body.
class SigningStage {
 public:
  // `first_octets` is the whole header at least, and what came of the body with it; `added_fields`
  // are fields of ours that will stand on top of it. With `more`, content will follow.
  void start(const Signing& signing, std::string_view added_fields, std::string_view first_octets,
             bool more, const SigningRequest& request, WallTime now);
  void add(std::string_view content) {
    if (work_) work_->add_body(content);
  }
  // The fields that go on top, with CRLF; empty when nothing is signed.
  Result<std::string> finish();

  const SigningChoice& choice() const { return choice_; }

 private:
  SigningChoice choice_;
  std::optional<mailauth::DkimSigning> work_;
};

}  // namespace waypost::intake
