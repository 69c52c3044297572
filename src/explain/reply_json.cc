#include "explain/reply_json.h"

#include <boost/json.hpp>

#include "base/utf8.h"

namespace waypost::explain {

namespace json = boost::json;

json::value text_or_null(std::string_view text) {
  return text.empty() ? json::value() : json::value(base::to_valid_utf8(text));
}

json::object to_json(const Answer& answer) {
  const classify::Reading& reading = answer.reading;
  const classify::ClassFacts& facts = classify::facts(reading.reply_class);
  json::array alternatives;
  for (classify::ReplyClass other : reading.alternatives)
    alternatives.emplace_back(classify::slug(other));
  json::array remedy;
  for (const std::string& step : answer.remedy) remedy.emplace_back(step);
  json::value evidence;
  if (!reading.evidence_text.empty())
    evidence = {{"text", base::to_valid_utf8(reading.evidence_text)},
                {"start", reading.evidence_start},
                {"end", reading.evidence_end}};
  return {{"class", facts.slug},
          {"group", facts.group},
          {"who", classify::name(answer.page.who)},
          {"disposition", text_or_null(name(reading.disposition))},
          {"suppress", reading.condemns},
          {"provider", text_or_null(reading.provider ? reading.provider->id : std::string())},
          {"standard_meaning", text_or_null(answer.standard_meaning)},
          {"meaning", answer.meaning},
          {"confidence", classify::name(reading.confidence)},
          {"rule", text_or_null(reading.rule_id())},
          {"evidence", std::move(evidence)},
          {"alternatives", std::move(alternatives)},
          {"remedy", std::move(remedy)},
          {"retry_after_s",
           reading.retry_after ? json::value(reading.retry_after->count()) : json::value()}};
}

}  // namespace waypost::explain
