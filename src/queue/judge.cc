#include "queue/judge.h"

#include "base/ascii.h"

namespace waypost::queue {

using classify::Reading;
using events::Verdict;

events::Cause cause_of(const Reading& reading, const classify::RuleBook& book) {
  const classify::ClassPage& page = book.page(reading.reply_class);
  bool has_remedy = reading.rule != nullptr && !reading.rule->remedy.empty();
  const auto& remedy = has_remedy ? reading.rule->remedy : page.remedy;
  return {std::string(classify::slug(reading.reply_class)), std::string(name(page.who)),
          reading.rule_id(), remedy.empty() ? std::string() : remedy.front(), reading.condemns};
}

Judgement Judge::judge(const events::Outcome& outcome, std::string_view sender_domain,
                       std::string_view recipient_domain) const {
  Judgement judgement;
  judgement.verdict = outcome.verdict;
  if (outcome.verdict == Verdict::delivered) return judgement;
  bool to_ourselves = base::equals_ignoring_case(sender_domain, recipient_domain);
  std::string text = outcome.text();
  Reading reading = replies_.read({text,
                                   outcome.peer.host,
                                   outcome.phase,
                                   {},
                                   to_ourselves ? std::string_view() : sender_domain});
  judgement.reply_class = reading.reply_class;
  judgement.cause = cause_of(reading, replies_.book());
  if (outcome.verdict == Verdict::bounced && classify::may_retry(reading).value_or(false))
    judgement.verdict = Verdict::deferred;
  if (reading.retry_after) judgement.wait = *reading.retry_after;
  return judgement;
}

}  // namespace waypost::queue
