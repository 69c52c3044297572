#include "explain/check_page.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "checks/wording.h"

namespace waypost::explain {
namespace {

namespace json = boost::json;
using checks::Check;
using checks::Fix;

constexpr size_t lines_indent = 10;

std::string general(std::string_view text) { return checks::fill(text, {}); }

std::string quoted(const std::vector<std::string>& texts) {
  return fmt::format("\"{}\"", fmt::join(texts, "\", \""));
}

void hints(Page& page, const Fix& fix) {
  for (const auto& [program, line] : fix.hints)
    page.setting(checks::program_name(program), general(line), lines_indent);
}

void fixes(Page& page, const Check& check) {
  bool first = true;
  for (const Fix& fix : check.fixes) {
    std::string text = general(fix.text);
    if (fix.who != "client") text = fmt::format("{}: {}", checks::actor_name(fix.who), text);
    page.labelled(first ? "Fix" : "Or", text, first ? Tone::fix : Tone::plain);
    for (const std::string& line : fix.lines) page.whole(general(line), lines_indent, Tone::quote);
    hints(page, fix);
    first = false;
  }
}

json::array array_of(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::object object_of(const checks::Pairs& pairs) {
  json::object object;
  for (const auto& [key, value] : pairs) object[key] = value;
  return object;
}

}  // namespace

Page check_page(const Check& check) {
  Page page;
  page.headline(check.id, check.title, fmt::format("({})", checks::name(check.confidence)));
  page.blank();
  page.labelled("Seen", general(check.observed));
  page.labelled("Means", general(check.means));
  page.labelled("Hides", fmt::format("behind {}", quoted(check.hides_behind)));
  page.blank();
  fixes(page, check);
  if (!check.note.empty()) page.labelled("Note", check.note);
  page.blank();
  page.labelled("Step", fmt::format("{} of 6 ({}) of `waypost doctor`; {}, \"{}\"{}", check.rung,
                                    checks::rung_title(check.rung), checks::name(check.severity),
                                    check.slug, check.temporary ? "; may pass by itself" : ""));
  page.labelled("Source", fmt::format("{} (as of {})", fmt::join(check.source, "; "), check.as_of));
  if (!check.see.empty())
    page.labelled("See", fmt::format("waypost explain {}", fmt::join(check.see, " | ")));
  return page;
}

json::object check_json(const Check& check) {
  json::array fixes;
  for (const Fix& fix : check.fixes)
    fixes.push_back(json::object{{"id", fix.id},
                                 {"who", fix.who},
                                 {"text", fix.text},
                                 {"lines", array_of(fix.lines)},
                                 {"set", object_of(fix.set)},
                                 {"hints", object_of(fix.hints)}});
  return {{"kind", "check"},
          {"id", check.id},
          {"slug", check.slug},
          {"title", check.title},
          {"rung", check.rung},
          {"severity", checks::name(check.severity)},
          {"confidence", checks::name(check.confidence)},
          {"temporary", check.temporary},
          {"observed", check.observed},
          {"meaning", check.means},
          {"verdict", check.verdict},
          {"fixes", std::move(fixes)},
          {"hides_behind", array_of(check.hides_behind)},
          {"rules_out", array_of(check.rules_out)},
          {"note", check.note},
          {"see", array_of(check.see)},
          {"source", array_of(check.source)},
          {"as_of", check.as_of}};
}

}  // namespace waypost::explain
