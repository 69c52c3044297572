#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "smtp/attempt_phase.h"
#include "smtp/reply.h"

namespace waypost::events {

using Phase = smtp::AttemptPhase;
using smtp::name;

enum class Verdict {
  delivered,  // they said 2yz to the final dot
  deferred,   // not now: 4yz, or we got no answer
  bounced,    // no, for good: 5yz, or the name system says that the domain takes no mail
};

// Where an attempt went.
struct Peer {
  std::string host;     // name of the MX host, or the address for a fixed next hop by address
  std::string address;  // "192.0.2.1:25", empty before there was one
  std::string tls;      // "TLSv1.3 TLS_AES_256_GCM_SHA384", empty without TLS
  // What became of the check of its certificate: "valid", or why it does not hold; empty without
  // TLS.
  std::string certificate = {};
  // Where it came from, where sources are configured: the id of the source, and its address.
  std::string source = {};
  std::string source_address = {};
};

// How long one part of an attempt took. A phase that was passed over has none.
struct Step {
  Phase phase = Phase::resolve;
  Duration took{0};

  bool operator==(const Step&) const = default;
};

// What one attempt came to, for one recipient. A reply is data here, not an Error.
struct Outcome {
  Verdict verdict = Verdict::deferred;
  Phase phase = Phase::resolve;
  // What they said, or none when there was no reply; then `reason` says what happened instead.
  std::optional<smtp::Reply> reply;
  std::string reason;
  Peer peer;
  // The failure is about reaching the site at all, so the site's other mail would meet it too.
  bool concerns_site = false;
  // Nobody answered there: no connection, or one that ended or stayed silent before its first word.
  bool unanswered = false;
  Duration took{0};
  std::vector<Step> steps;  // in the order in which they came
  // Delivered to a host that takes RFC 3461's parameters: telling the sender of success is its
  // business from here on.
  bool dsn_passed_on = false;
  // The conversation of the whole attempt, one text for all its recipients; null where none is
  // kept. Without content and secrets.
  std::shared_ptr<const std::string> transcript;

  // The reply's text, or the reason: the one line that people read.
  std::string text() const;
};

}  // namespace waypost::events
