#include "cli/page_output.h"

#include <boost/json.hpp>

namespace waypost::cli {
namespace {

Style style_of(explain::Tone tone) {
  switch (tone) {
    case explain::Tone::title:
    case explain::Tone::verdict:
      return Style::bold;
    case explain::Tone::quote:
      return Style::warning;
    case explain::Tone::fix:
      return Style::good;
    default:
      return Style::plain;
  }
}

}  // namespace

void show(const explain::Page& page, const Global& global) {
  bool color = colors_output(global.color);
  for (const explain::PageLine& line : page.lines())
    print(styled(line.text, style_of(line.tone), color) + "\n");
}

void print_json(const boost::json::value& value) { print(boost::json::serialize(value) + "\n"); }

}  // namespace waypost::cli
