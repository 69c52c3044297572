#include "mailauth/dkim_lookup.h"

#include <utility>

namespace waypost::mailauth {

io::Task<KeyAnswers> look_up_keys(dns::Resolver& resolver, std::vector<std::string> names,
                                  Instant deadline) {
  KeyAnswers answers;
  for (const std::string& name : names) {
    if (answers.contains(name)) continue;
    Result<dns::TxtAnswer> found = co_await resolver.txt(name, deadline);
    KeyAnswer answer;
    if (!found) {
      // A name that DNS cannot hold has no key, now or later.
      const bool never = found.error().code() == ErrorCode::invalid_input;
      answer.outcome = never ? KeyAnswer::Outcome::absent : KeyAnswer::Outcome::unknown;
      answer.reason = found.error().message();
    } else if (found->status == dns::AnswerStatus::found) {
      answer.outcome = KeyAnswer::Outcome::found;
      for (const dns::TxtRecord& record : found->records)
        if (answer.records.size() < key_records_tried_max)
          answer.records.push_back(record.joined());
    }
    answers.emplace(name, std::move(answer));
  }
  co_return answers;
}

}  // namespace waypost::mailauth
