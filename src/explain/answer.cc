#include "explain/answer.h"

namespace waypost::explain {

using classify::ClassPage;
using classify::CodeMeaning;
using classify::Disposition;
using classify::Reading;
using classify::ReplyClass;
using classify::Rule;
using classify::RuleBook;

namespace {

// The enhanced code says more than the reply code, but for x.0.0, which says nothing.
const CodeMeaning* standard(const Reading& reading, const RuleBook& book, std::string_view& code) {
  code = reading.enhanced_code;
  const CodeMeaning* enhanced = code.empty() ? nullptr : book.code(code);
  if (enhanced != nullptr && !code.ends_with(".0.0")) return enhanced;
  if (const CodeMeaning* reply =
          reading.reply_code.empty() ? nullptr : book.code(reading.reply_code)) {
    code = reading.reply_code;
    return reply;
  }
  return enhanced;
}

}  // namespace

Answer answer(const Reading& reading, const RuleBook& book) {
  const ClassPage& page = book.page(reading.reply_class);
  const Rule* rule = reading.rule;
  std::string_view code;
  const CodeMeaning* meaning = standard(reading, book, code);
  bool has_remedy = rule != nullptr && !rule->remedy.empty();
  Answer result{reading, page, page.title, page.meaning,
                {},      {},   page.actor, has_remedy ? rule->remedy : page.remedy};
  if (meaning != nullptr) {
    result.standard_meaning = meaning->meaning;
    result.standard_code = code;
  }
  if (rule == nullptr) return result;
  result.title = rule->title;
  if (!rule->meaning.empty()) result.meaning = rule->meaning;
  if (!rule->actor.empty()) result.actor = rule->actor;
  return result;
}

std::string_view name(Disposition disposition) {
  switch (disposition) {
    case Disposition::transient:
      return "transient";
    case Disposition::permanent:
      return "permanent";
    default:
      return {};
  }
}

}  // namespace waypost::explain
