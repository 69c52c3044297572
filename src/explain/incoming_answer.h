#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <boost/json/object.hpp>

#include "bounces/incoming.h"
#include "classify/classifier.h"
#include "explain/answer.h"
#include "explain/page.h"

namespace waypost::explain {

// What became of one recipient, and what it means. Where nothing was refused there is no answer but
// a `state` of its own: "delivered", "relayed", "expanded", "feedback-report" or "auto-reply".
struct RecipientAnswer {
  const bounces::Recipient* recipient = nullptr;
  std::unique_ptr<classify::Reading> reading;  // what the answer refers to
  std::optional<Answer> answer;
  std::string_view state;
};

// Views and pointers into `incoming` and the reader's book.
std::vector<RecipientAnswer> answers(const bounces::Incoming& incoming, classify::Reader& reader);

// What `waypost explain --json FILE.eml` prints. Its keys are stable.
boost::json::object to_json(const bounces::Incoming& incoming,
                            const std::vector<RecipientAnswer>& answers);

// The same for people: who speaks, each recipient with its cause, the fix, and a verdict.
Page incoming_page(const bounces::Incoming& incoming, const std::vector<RecipientAnswer>& answers);

}  // namespace waypost::explain
