#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

// What a reply can mean. Each class has a different owner or a different fix; the groups are for
// overviews. docs/format/rules.md has the definitions that settle the hard cases.
namespace waypost::classify {

enum class ReplyClass : uint8_t {
  recipient_unknown,
  recipient_disabled,
  recipient_moved,
  recipient_restricted,
  mailbox_full,
  mailbox_unavailable,
  domain_not_found,
  no_mx,
  dns_failure,
  routing_loop,
  relay_denied,
  connection_refused,
  network_timeout,
  expired,
  tls_required,
  tls_failed,
  auth_required,
  auth_failed,
  spf_fail,
  dkim_fail,
  dmarc_fail,
  sender_unauthenticated,
  sender_rejected,
  sender_domain_invalid,
  no_ptr,
  bad_helo,
  blocklisted_ip,
  blocklisted_domain,
  poor_reputation,
  spam_content,
  malware,
  message_malformed,
  message_too_large,
  too_many_recipients,
  greylisted,
  rate_limited,
  too_many_connections,
  system_error,
  protocol_error,
  policy,
  unknown,
};
inline constexpr size_t reply_class_count = size_t(ReplyClass::unknown) + 1;

// Whether the same message may be offered to the same recipient again.
enum class Retry : uint8_t {
  as_stated,  // 4yz: yes; 5yz: no (RFC 5321 §4.2.1)
  later,      // yes, whatever the digit: pace or the moment was refused, not the message
};

struct ClassFacts {
  ReplyClass id;
  std::string_view slug;   // "recipient-unknown", as JSON and rule files name it
  std::string_view group;  // "recipient"
  // The class says that the address is no good, so that sending to it again does harm. True for
  // five classes and never for another.
  bool condemns_address;
  Retry retry;
  // Which of several matching rules decides: a text that names a block list is about the list, even
  // where it also says that the mailbox is unavailable. Higher wins.
  int rank;
};

// All classes, in the order of the enum.
std::span<const ClassFacts, reply_class_count> reply_classes();
const ClassFacts& facts(ReplyClass reply_class);
inline std::string_view slug(ReplyClass reply_class) { return facts(reply_class).slug; }
std::optional<ReplyClass> parse_reply_class(std::string_view slug);

// How sure a rule is of its reading.
enum class Confidence : uint8_t { possible, likely, certain };
std::string_view name(Confidence confidence);
std::optional<Confidence> parse_confidence(std::string_view name);

// Who must act.
enum class Who : uint8_t { sender, recipient, receiver, domain_owner, nobody, unknown };
std::string_view name(Who who);
std::optional<Who> parse_who(std::string_view name);

}  // namespace waypost::classify
