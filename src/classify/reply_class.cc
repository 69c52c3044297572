#include "classify/reply_class.h"

#include <algorithm>
#include <array>
#include <utility>

namespace waypost::classify {
namespace {

using enum ReplyClass;
using enum Retry;

// clang-format off
constexpr std::array<ClassFacts, reply_class_count> table{{
    {recipient_unknown,      "recipient-unknown",      "recipient",   true,  as_stated, 48},
    {recipient_disabled,     "recipient-disabled",     "recipient",   true,  as_stated, 58},
    {recipient_moved,        "recipient-moved",        "recipient",   true,  as_stated, 58},
    {recipient_restricted,   "recipient-restricted",   "recipient",   false, as_stated, 54},
    {mailbox_full,           "mailbox-full",           "recipient",   false, as_stated, 62},
    {mailbox_unavailable,    "mailbox-unavailable",    "recipient",   false, as_stated, 34},
    {domain_not_found,       "domain-not-found",       "domain",      true,  as_stated, 55},
    {no_mx,                  "no-mx",                  "domain",      true,  as_stated, 57},
    {dns_failure,            "dns-failure",            "domain",      false, later,     44},
    {routing_loop,           "routing-loop",           "domain",      false, as_stated, 64},
    {relay_denied,           "relay-denied",           "domain",      false, as_stated, 50},
    {connection_refused,     "connection-refused",     "network",     false, later,     43},
    {network_timeout,        "network-timeout",        "network",     false, later,     42},
    {expired,                "expired",                "network",     false, as_stated, 20},
    {tls_required,           "tls-required",           "security",    false, as_stated, 78},
    {tls_failed,             "tls-failed",             "security",    false, as_stated, 76},
    {auth_required,          "auth-required",          "security",    false, as_stated, 74},
    {auth_failed,            "auth-failed",            "security",    false, as_stated, 74},
    {spf_fail,               "spf-fail",               "sender-auth", false, as_stated, 86},
    {dkim_fail,              "dkim-fail",              "sender-auth", false, as_stated, 86},
    {dmarc_fail,             "dmarc-fail",             "sender-auth", false, as_stated, 88},
    {sender_unauthenticated, "sender-unauthenticated", "sender-auth", false, as_stated, 84},
    {sender_rejected,        "sender-rejected",        "sender",      false, as_stated, 52},
    {sender_domain_invalid,  "sender-domain-invalid",  "sender",      false, as_stated, 56},
    {no_ptr,                 "no-ptr",                 "sender",      false, as_stated, 82},
    {bad_helo,               "bad-helo",               "sender",      false, as_stated, 80},
    {blocklisted_ip,         "blocklisted-ip",         "reputation",  false, as_stated, 90},
    {blocklisted_domain,     "blocklisted-domain",     "reputation",  false, as_stated, 92},
    {poor_reputation,        "poor-reputation",        "reputation",  false, as_stated, 68},
    {spam_content,           "spam-content",           "content",     false, as_stated, 46},
    {malware,                "malware",                "content",     false, as_stated, 95},
    {message_malformed,      "message-malformed",      "content",     false, as_stated, 60},
    {message_too_large,      "message-too-large",      "content",     false, as_stated, 66},
    {too_many_recipients,    "too-many-recipients",    "rate",        false, later,     71},
    {greylisted,             "greylisted",             "rate",        false, later,     72},
    {rate_limited,           "rate-limited",           "rate",        false, later,     70},
    {too_many_connections,   "too-many-connections",   "rate",        false, later,     71},
    {system_error,           "system-error",           "receiver",    false, as_stated, 36},
    {protocol_error,         "protocol-error",         "receiver",    false, as_stated, 40},
    {policy,                 "policy",                 "policy",      false, as_stated, 30},
    {unknown,                "unknown",                "unknown",     false, as_stated, 10},
}};
// clang-format on

constexpr bool table_is_in_order() {
  for (size_t i = 0; i < table.size(); ++i)
    if (size_t(table[i].id) != i) return false;
  return true;
}
static_assert(table_is_in_order());

constexpr size_t condemning() {
  return size_t(
      std::count_if(table.begin(), table.end(), [](const auto& c) { return c.condemns_address; }));
}
static_assert(condemning() == 5, "only these five ever mark an address bad");

constexpr std::array<std::string_view, 3> confidence_names{"possible", "likely", "certain"};
constexpr std::array<std::string_view, 6> who_names{"sender",       "recipient", "receiver",
                                                    "domain-owner", "nobody",    "unknown"};

template <class T, size_t n>
std::optional<T> find_name(const std::array<std::string_view, n>& names, std::string_view name) {
  auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return T(found - names.begin());
}

}  // namespace

std::span<const ClassFacts, reply_class_count> reply_classes() { return table; }

const ClassFacts& facts(ReplyClass reply_class) { return table[size_t(reply_class)]; }

std::optional<ReplyClass> parse_reply_class(std::string_view slug) {
  for (const ClassFacts& row : table)
    if (row.slug == slug) return row.id;
  return std::nullopt;
}

std::string_view name(Confidence confidence) { return confidence_names[size_t(confidence)]; }
std::optional<Confidence> parse_confidence(std::string_view name) {
  return find_name<Confidence>(confidence_names, name);
}

std::string_view name(Who who) { return who_names[size_t(who)]; }
std::optional<Who> parse_who(std::string_view name) { return find_name<Who>(who_names, name); }

}  // namespace waypost::classify
