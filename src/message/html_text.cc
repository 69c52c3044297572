#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "message/mime.h"

namespace waypost::message {
namespace {

struct Entity {
  std::string_view name;
  std::string_view text;
};
constexpr std::array<Entity, 8> entities{{{"amp", "&"},
                                          {"lt", "<"},
                                          {"gt", ">"},
                                          {"quot", "\""},
                                          {"apos", "'"},
                                          {"nbsp", " "},
                                          {"#39", "'"},
                                          {"#64", "@"}}};

bool ends_line(std::string_view tag) {
  constexpr std::array<std::string_view, 12> blocks{"br", "p",  "div", "tr", "li", "h1",
                                                    "h2", "h3", "h4",  "hr", "td", "table"};
  return std::find(blocks.begin(), blocks.end(), tag) != blocks.end();
}

std::string_view tag_name(std::string_view tag) {
  if (tag.starts_with('/')) tag.remove_prefix(1);
  size_t end = 0;
  while (end < tag.size() && base::is_alnum(tag[end])) ++end;
  return tag.substr(0, end);
}

// Behind "</name>", where that is.
size_t behind_end_tag(std::string_view html, size_t at, std::string_view name) {
  for (;;) {
    at = html.find("</", at);
    if (at == std::string_view::npos) return html.size();
    if (base::starts_with_ignoring_case(html.substr(at + 2), name)) break;
    at += 2;
  }
  size_t end = html.find('>', at);
  return end == std::string_view::npos ? html.size() : end + 1;
}

}  // namespace

std::string text_of_html(std::string_view html) {
  std::string text;
  for (size_t at = 0; at < html.size();) {
    if (html[at] == '<') {
      size_t end = html.find('>', at);
      if (end == std::string_view::npos) break;
      std::string name = base::to_lower(tag_name(html.substr(at + 1, end - at - 1)));
      bool is_end = html.substr(at + 1).starts_with('/');
      // "<ann@example.net>" that nobody escaped.
      bool is_address = html.substr(at, end - at).find('@') != std::string_view::npos &&
                        html.substr(at, end - at).find_first_of(" =\"") == std::string_view::npos;
      if (is_address) text += html.substr(at, end + 1 - at);
      at = end + 1;
      if (!is_end && (name == "style" || name == "script")) at = behind_end_tag(html, at, name);
      if (ends_line(name) && !text.empty() && text.back() != '\n') text += '\n';
      continue;
    }
    if (html[at] == '&') {
      constexpr size_t entity_octets_max = 8;
      size_t octets = html.substr(at, entity_octets_max).find(';');
      bool is_entity = octets != std::string_view::npos;
      std::string_view name = is_entity ? html.substr(at + 1, octets - 1) : std::string_view();
      auto found = std::find_if(entities.begin(), entities.end(),
                                [&](const Entity& entity) { return entity.name == name; });
      if (found != entities.end()) {
        text += found->text;
        at += octets + 1;
        continue;
      }
    }
    text += html[at++];
  }
  return text;
}

}  // namespace waypost::message
