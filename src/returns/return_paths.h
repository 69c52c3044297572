#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "returns/return_address.h"
#include "smtp/address.h"
#include "smtp/reply.h"
#include "spool/envelope.h"

namespace waypost::returns {

// A domain of ours that is there for what comes back.
struct ReturnPath {
  std::string domain;                       // lower case, in A-labels
  std::vector<std::string> sender_domains;  // whose mail it is for; empty: all others'
  std::vector<std::string> complaints;      // local parts to which complaints come
  std::vector<std::string> unsubscribe;     // local parts that stand in List-Unsubscribe
  smtp::Mailbox forward_to;                 // gets what is for no program; not in such a domain
  std::vector<std::string> reports = {};    // local parts to which reports of receivers come
  // Whose mail gets an address in List-Unsubscribe: "NAME-CODE" with the first of `unsubscribe`,
  // of 14 letters and digits at most.
  std::vector<std::string> unsubscribe_streams = {};
};

// Where a message that came back is from, by the address that it came to.
struct Arrived {
  const ReturnPath* path = nullptr;    // never null
  std::optional<Reference> reference;  // none: an address for complaints and the like
  bool unsubscribes = false;           // it is one of ReturnPath::unsubscribe, or made of one
};

// The addresses to which what comes back is sent: made for mail that goes out, known again when
// something comes in. Any thread.
class ReturnPaths {
 public:
  ReturnPaths(std::vector<ReturnPath> paths, Secret key)
      : paths_(std::move(paths)), addresses_(std::move(key)) {}

  // The reverse-path for a transaction with these recipients of a message; none where the sender's
  // own stands: the null one, mail from strangers, senders without a return path, and recipients
  // of whose delivery the sender wants to hear from their server (NOTIFY=SUCCESS, RFC 3461 §4.1).
  std::optional<smtp::Mailbox> reverse_path(const spool::Envelope& envelope,
                                            std::span<const uint32_t> recipients) const;

  // Where the only recipient of a message writes to get no more of its stream: for List-Unsubscribe
  // (RFC 2369 §3.2). None where no field is wanted, or the message has several recipients.
  std::optional<smtp::Mailbox> unsubscribe_address(const spool::Envelope& envelope) const;

  bool owns(std::string_view domain) const { return find(domain) != nullptr; }
  // Of a mailbox in a domain that it owns: 550 5.1.1 unless it is one of the names above,
  // postmaster (RFC 5321 §4.5.1), or was made by reverse_path().
  std::optional<smtp::Reply> refuse(const smtp::Mailbox& recipient) const;
  // A tag that a server on the way has put in front (BATV, "prvs=CODE=LOCAL") is passed over.
  // None when refuse() would.
  std::optional<Arrived> arrived(const smtp::Mailbox& recipient) const;
  // By an address that was made here, to bounce to or to unsubscribe, whatever it was found in.
  std::optional<Reference> reference_in(const smtp::Mailbox& address) const;
  // By one that a forwarder has put into its own as SRS does: "SRS0=CODE=DAY=DOMAIN=LOCAL".
  std::optional<Reference> rewritten_reference_in(const smtp::Mailbox& address) const;
  // Whether a domain that mail is sent from by these paths is this one, or one above or below it.
  bool sends_as(std::string_view domain) const;
  // Whether a reply names one of these domains: then it may be about our address, and not about the
  // recipient.
  bool is_named_in(std::string_view reply) const;

 private:
  const ReturnPath* find(std::string_view domain) const;
  std::optional<Reference> unsubscribing(const ReturnPath& path, std::string_view local_part) const;
  const ReturnPath* path_of_sender(std::string_view domain) const;

  std::vector<ReturnPath> paths_;
  ReturnAddresses addresses_;
};

}  // namespace waypost::returns
