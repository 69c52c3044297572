#include "mailauth/dmarc_walk.h"

#include <algorithm>

#include "base/ascii.h"
#include "dns/rdata.h"

namespace waypost::mailauth {
namespace {

// A longer name goes on with that many labels after the first question.
constexpr size_t labels_kept = dmarc_questions_max - 1;

size_t label_count(const std::string& domain) {
  return static_cast<size_t>(std::count(domain.begin(), domain.end(), '.')) + 1;
}

std::string parent_of(const std::string& domain) { return domain.substr(domain.find('.') + 1); }

std::string next_above(std::string domain) {
  do domain = parent_of(domain);
  while (label_count(domain) > labels_kept);
  return domain;
}

std::string organizational_domain(const DmarcWalk& walk) {
  const std::string& start = walk.steps.front().domain;
  const DmarcStep* highest = nullptr;
  for (const DmarcStep& step : walk.steps) {
    if (!step.record) continue;
    if (step.record->suffix == DmarcSuffix::no) return step.domain;
    if (step.record->suffix == DmarcSuffix::yes && step.domain != start) {
      // One label more than the suffix has, of the name that the walk began with.
      const size_t below = start.rfind('.', start.size() - step.domain.size() - 2);
      return below == std::string::npos ? start : start.substr(below + 1);
    }
    highest = &step;
  }
  return highest ? highest->domain : start;
}

}  // namespace

const DmarcRecord* DmarcWalk::record_of(const std::string& domain) const {
  for (const DmarcStep& step : steps)
    if (step.domain == domain) return step.record ? &*step.record : nullptr;
  return nullptr;
}

const DmarcStep* DmarcWalk::suffix() const {
  const DmarcStep& last = steps.back();
  return last.record && last.record->suffix == DmarcSuffix::yes ? &last : nullptr;
}

io::Task<Result<DmarcWalk>> walk_dmarc(dns::Resolver& resolver, std::string domain,
                                       Instant deadline) {
  CO_TRY(std::string target, dns::normalize_question(domain));
  DmarcWalk walk;
  while (true) {
    DmarcStep& step = walk.steps.emplace_back();
    step.domain = target;
    Result<dns::TxtAnswer> answer = co_await resolver.txt("_dmarc." + target, deadline);
    // A name too long for the question has no record.
    const bool too_long = !answer && answer.error().code() == ErrorCode::invalid_input;
    if (!answer && !too_long) co_return failure(std::move(answer).error());
    std::string text;
    for (const dns::TxtRecord& record :
         too_long ? std::vector<dns::TxtRecord>() : answer->records) {
      std::string joined = record.joined();
      if (std::string why = why_no_dmarc_record(joined); !why.empty())
        step.unread.push_back({joined, std::move(why)});
      if (!is_dmarc_record(joined)) continue;
      ++step.records;
      text = std::move(joined);
    }
    if (step.records == 1) {
      CO_TRY(step.record, parse_dmarc_record(text));
      if (step.record->suffix != DmarcSuffix::unknown) break;
    }
    if (label_count(target) == 1) break;
    target = next_above(std::move(target));
  }
  walk.organizational_domain = organizational_domain(walk);
  co_return walk;
}

}  // namespace waypost::mailauth
