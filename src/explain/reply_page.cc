#include "explain/reply_page.h"

#include <functional>
#include <vector>

#include <fmt/format.h>

#include "base/time.h"

namespace waypost::explain {
namespace {

using classify::Disposition;
using classify::Reading;
using classify::ReplyClass;

// A part of the block. Parts that can be done without are left out, the least needed first, until
// the block is short enough.
struct Part {
  int needed;  // 0: always
  std::function<void(Page&)> print;
};

std::string speaker(const Reading& reading) {
  return reading.provider == nullptr ? "The reply" : reading.provider->name;
}

void said(Page& page, std::string_view text, const Reading& reading) {
  constexpr size_t quoted_lines_max = 4;
  std::string how;
  if (reading.disposition == Disposition::permanent) how = ", a refusal for good";
  if (reading.disposition == Disposition::transient) how = ", a refusal for now";
  page.paragraph(fmt::format("{} said{}:", speaker(reading), how), 2);
  page.quote(text, quoted_lines_max);
}

void decided_by(Page& page, const Reading& reading) {
  page.labelled("Because", fmt::format("\"{}\"", reading.evidence_text));
}

void other_readings(Page& page, const Reading& reading) {
  std::vector<std::string_view> names;
  for (ReplyClass other : reading.alternatives) names.push_back(classify::slug(other));
  page.labelled("Else", fmt::format("{} (other readings)", fmt::join(names, ", ")));
}

std::string more_id(const Reading& reading) {
  if (reading.rule != nullptr) return reading.rule->id;
  return std::string(classify::slug(reading.reply_class));
}

std::vector<Part> parts(std::string_view text, const Answer& answer) {
  const Reading& reading = answer.reading;
  std::vector<Part> parts;
  parts.push_back({0, [&, text](Page& page) { said(page, text, reading); }});
  bool long_text = text.size() > Page::columns_max;
  if (long_text && !reading.evidence_text.empty() &&
      reading.evidence_text.size() < Page::columns_max)
    parts.push_back({40, [&](Page& page) { decided_by(page, reading); }});
  parts.push_back({0, [&](Page& page) { page.labelled("Means", answer.meaning); }});
  if (!answer.standard_meaning.empty())
    parts.push_back({10, [&](Page& page) {
                       page.labelled("By code",
                                     fmt::format("{} is, by the standard: {}", answer.standard_code,
                                                 answer.standard_meaning));
                     }});
  if (!answer.actor.empty())
    parts.push_back({5, [&](Page& page) { page.labelled("Acts", answer.actor); }});
  for (size_t i = 0; i < answer.remedy.size(); ++i)
    parts.push_back(
        {i == 0 ? 0 : 19 + int(i), [&, i](Page& page) { page.remedy(answer.remedy, i, i + 1); }});
  if (reading.rule != nullptr && !reading.rule->note.empty())
    parts.push_back({15, [&](Page& page) { page.labelled("Note", reading.rule->note); }});
  if (!reading.alternatives.empty())
    parts.push_back({30, [&](Page& page) { other_readings(page, reading); }});
  parts.push_back(
      {0, [&](Page& page) { page.labelled("More", "waypost explain " + more_id(reading)); }});
  return parts;
}

Page block_of(std::vector<Part> parts) {
  for (;;) {
    Page block;
    for (const Part& part : parts) part.print(block);
    if (block.lines().size() <= block_lines_max) return block;
    auto least = parts.end();
    for (auto part = parts.begin(); part != parts.end(); ++part)
      if (part->needed > 0 && (least == parts.end() || part->needed >= least->needed)) least = part;
    if (least == parts.end()) return block;
    parts.erase(least);
  }
}

std::string verdict(const Answer& answer) {
  const Reading& reading = answer.reading;
  if (reading.reply_class == ReplyClass::unknown && reading.rule == nullptr)
    return "Not recognised: no rule knows this text. Its digits say all that is sure.";
  std::string text = fmt::format("{}: ", classify::slug(reading.reply_class));
  text += reading.condemns                             ? "stop sending to this address"
          : reading.reply_class == ReplyClass::unknown ? "nothing says that the address is bad"
                                                       : "the address is not to blame";
  std::optional<bool> retry = classify::may_retry(reading);
  if (reading.retry_after && retry.value_or(false))
    text += fmt::format("; try again in {}", base::to_human(*reading.retry_after));
  else if (retry)
    text += *retry ? "; try again later" : "; do not send it again unchanged";
  return text + ".";
}

}  // namespace

Page reply_page(std::string_view text, const Answer& answer) {
  const Reading& reading = answer.reading;
  Page page;
  std::string id = reading.rule_id();
  page.headline(id.empty() ? "unknown" : id, answer.title,
                fmt::format("({})", classify::name(reading.confidence)));
  page.blank();
  page.append(block_of(parts(text, answer)));
  page.blank();
  page.paragraph(verdict(answer), 0, Tone::verdict);
  return page;
}

}  // namespace waypost::explain
