#include "explain/incoming_answer.h"

#include "bounces/judge.h"

namespace waypost::explain {

using bounces::Incoming;
using bounces::Kind;
using bounces::Recipient;

std::vector<RecipientAnswer> answers(const Incoming& incoming, classify::Reader& reader) {
  std::vector<RecipientAnswer> all;
  for (const Recipient& recipient : incoming.recipients) {
    RecipientAnswer one;
    one.recipient = &recipient;
    if (incoming.kind == Kind::arf)
      one.state = "feedback-report";
    else if (incoming.kind == Kind::auto_reply)
      one.state = "auto-reply";
    else if (!bounces::was_refused(recipient))
      one.state = message::name(recipient.action);
    else
      one.reading = std::make_unique<classify::Reading>(bounces::judge(recipient, reader));
    if (one.reading) one.answer.emplace(answer(*one.reading, reader.book()));
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace waypost::explain
