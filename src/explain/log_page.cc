#include "explain/log_page.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "explain/reply_json.h"

namespace waypost::explain {

namespace json = boost::json;
using logs::Cause;
using logs::Summary;

namespace {

double percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * double(part) / double(whole);
}

std::string when(const Cause& cause) {
  if (cause.first.empty()) return {};
  if (cause.first == cause.last) return fmt::format(", at {}", cause.first);
  return fmt::format(", {} to {}", cause.first, cause.last);
}

std::string how_often(const Cause& cause, uint64_t outcomes) {
  std::string kinds;
  if (cause.bounced > 0) kinds = fmt::format("{} refused for good", cause.bounced);
  if (cause.deferred > 0)
    kinds += fmt::format("{}{} put off", kinds.empty() ? "" : ", ", cause.deferred);
  return fmt::format("{} ({:.1f} % of all){}", kinds, percent(cause.count(), outcomes),
                     when(cause));
}

void add_cause(Page& page, const Cause& cause, const classify::RuleBook& book, uint64_t outcomes) {
  Answer said = answer(cause.reading, book);
  page.headline(fmt::format("{:>7}  {}", cause.count(), cause.provider_name),
                classify::slug(cause.reading.reply_class));
  page.labelled("Cause", said.title, Tone::title);
  page.labelled("Seen", how_often(cause, outcomes));
  page.labelled("Said", cause.example.empty() ? "(nothing)" : cause.example, Tone::quote);
  if (!said.actor.empty()) page.labelled("Acts", said.actor);
  if (!said.remedy.empty()) page.remedy(said.remedy, 0, 1);
  std::string id = cause.reading.rule_id();
  page.labelled("More", fmt::format("waypost explain {}",
                                    cause.reading.rule != nullptr
                                        ? id
                                        : std::string(classify::slug(cause.reading.reply_class))));
  page.blank();
}

json::object cause_json(const Cause& cause, const classify::RuleBook& book, uint64_t outcomes) {
  json::object object{{"provider", text_or_null(cause.provider)},
                      {"count", cause.count()},
                      {"bounced", cause.bounced},
                      {"deferred", cause.deferred},
                      {"share", percent(cause.count(), outcomes) / 100},
                      {"first_seen", text_or_null(cause.first)},
                      {"last_seen", text_or_null(cause.last)},
                      {"example", text_or_null(cause.example)}};
  for (auto& member : to_json(answer(cause.reading, book)))
    if (member.key() != "evidence") object.emplace(member.key(), member.value());
  return object;
}

}  // namespace

Page log_page(const Summary& summary, const classify::RuleBook& book, size_t causes_max) {
  Page page;
  const std::vector<const Cause*> causes = summary.worst_first();
  uint64_t outcomes = summary.outcomes();
  page.paragraph(
      fmt::format(
          "{} outcome{}: {} delivered ({:.1f} %), {} refused for good ({:.1f} %), {} put off "
          "({:.1f} %).",
          outcomes, outcomes == 1 ? "" : "s", summary.delivered(),
          percent(summary.delivered(), outcomes), summary.bounced(),
          percent(summary.bounced(), outcomes), summary.deferred(),
          percent(summary.deferred(), outcomes)),
      0, Tone::title);
  page.blank();
  for (size_t i = 0; i < causes.size() && i < causes_max; ++i)
    add_cause(page, *causes[i], book, outcomes);
  if (causes.size() > causes_max)
    page.paragraph(fmt::format("and {} causes more; --json names all.", causes.size() - causes_max),
                   0);
  if (outcomes == 0 && summary.left_out() > 0)
    page.paragraph(
        fmt::format("The log tells {} outcomes; --since or --provider leave none of them.",
                    summary.left_out()),
        0);
  else if (outcomes == 0)
    page.paragraph(
        "No line tells what became of a message. Known are the logs of Postfix, Exim, "
        "Sendmail, OpenSMTPD and Waypost, debug output of PHPMailer and Nodemailer, and "
        "events of SendGrid, Mailgun, Amazon SES and Postmark.",
        0);
  return page;
}

json::object log_json(const Summary& summary, const classify::RuleBook& book) {
  json::array causes;
  for (const Cause* cause : summary.worst_first())
    causes.push_back(cause_json(*cause, book, summary.outcomes()));
  return {{"outcomes", summary.outcomes()},
          {"delivered", summary.delivered()},
          {"bounced", summary.bounced()},
          {"deferred", summary.deferred()},
          {"causes", std::move(causes)}};
}

}  // namespace waypost::explain
