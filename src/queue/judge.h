#pragma once

#include <optional>
#include <string_view>

#include "classify/classifier.h"
#include "events/cause.h"
#include "events/outcome.h"

namespace waypost::queue {

// What an outcome means for the recipient: the class of the reply decides, not its first digit.
struct Judgement {
  events::Verdict verdict = events::Verdict::deferred;
  events::Cause cause;           // of what was not delivered
  std::optional<Duration> wait;  // that they asked for
  classify::ReplyClass reply_class = classify::ReplyClass::unknown;
};

// What the rules read in a reply, as events tell it.
events::Cause cause_of(const classify::Reading& reading, const classify::RuleBook& book);

// Asks the rules. Thread: the shard's loop.
class Judge {
 public:
  explicit Judge(classify::Reader& replies) : replies_(replies) {}

  // The domains keep a reply that names our sender's domain from being read as one about the
  // recipient.
  Judgement judge(const events::Outcome& outcome, std::string_view sender_domain,
                  std::string_view recipient_domain) const;

 private:
  classify::Reader& replies_;
};

}  // namespace waypost::queue
