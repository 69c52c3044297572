#include "explain/page.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/terminal_text.h"
#include "base/utf8.h"

namespace waypost::explain {
namespace {

constexpr size_t label_columns = 8;
constexpr size_t margin = 2;
constexpr size_t program_columns = 14;

std::string safe(std::string_view text) {
  return base::without_terminal_controls(base::to_valid_utf8(base::escape_control(text)));
}

// Code points: what we show is mostly ASCII, and a wide letter too many only shortens a line.
size_t columns(std::string_view text) {
  return size_t(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

// The octets of the first `count` columns.
size_t octets_of(std::string_view text, size_t count) {
  size_t at = 0;
  for (; at < text.size(); ++at)
    if ((static_cast<unsigned char>(text[at]) & 0xc0) != 0x80 && count-- == 0) break;
  return at;
}

// `text` in lines of at most `width` columns, broken at spaces, inside a word only when it must.
std::vector<std::string> wrapped(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  std::string line;
  size_t used = 0;
  auto flush = [&] {
    lines.push_back(std::move(line));
    line.clear();
    used = 0;
  };
  for (size_t at = 0; at < text.size();) {
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    std::string_view word = text.substr(at, std::min(text.find(' ', at), text.size()) - at);
    at += word.size();
    if (used > 0 && used + 1 + columns(word) > width) flush();
    if (used > 0) line += ' ', ++used;
    while (columns(word) > width - used) {
      size_t part = octets_of(word, width - used);
      line += word.substr(0, part);
      word.remove_prefix(part);
      flush();
    }
    line += word;
    used += columns(word);
  }
  if (!line.empty() || lines.empty()) flush();
  return lines;
}

}  // namespace

void Page::headline(std::string_view name, std::string_view title, std::string_view right) {
  std::string text = safe(name);
  bool fits = columns(name) + columns(title) + columns(right) + 4 <= columns_max;
  if (fits) text += "  " + safe(title);
  size_t used = columns(text) + columns(right);
  if (!right.empty() && used + 2 <= columns_max) {
    text.append(columns_max - used, ' ');
    text += right;
  }
  lines_.push_back({std::move(text), Tone::title});
  if (!fits) paragraph(title, 0, Tone::title);
}

void Page::blank() {
  if (!lines_.empty() && !lines_.back().text.empty()) lines_.push_back({});
}

void Page::paragraph(std::string_view text, size_t indent, Tone tone) {
  for (const std::string& line : wrapped(safe(text), columns_max - indent))
    lines_.push_back({std::string(indent, ' ') + line, tone});
}

void Page::labelled(std::string_view label, std::string_view text, Tone tone) {
  size_t indent = margin + label_columns;
  std::string prefix = fmt::format("{:{}}{:<{}}", "", margin, label, label_columns);
  for (const std::string& line : wrapped(safe(text), columns_max - indent)) {
    lines_.push_back({prefix + line, tone});
    prefix.assign(indent, ' ');
  }
}

void Page::remedy(const std::vector<std::string>& steps, size_t first, size_t last) {
  constexpr std::string_view other_way = "Or ";
  for (size_t i = first; i < std::min(last, steps.size()); ++i) {
    std::string step = steps[i];
    bool other = i > 0 && step.size() > other_way.size() && step.starts_with(other_way);
    if (other) {
      step.erase(0, other_way.size());
      step.front() = base::to_upper(step.front());
    }
    labelled(i == 0 ? "Fix" : other ? "Or" : "Next", step, i == 0 ? Tone::fix : Tone::plain);
  }
}

void Page::whole(std::string_view text, size_t indent, Tone tone) {
  line(std::string(indent, ' ').append(text), tone);
}

void Page::setting(std::string_view program, std::string_view text, size_t indent) {
  const std::string beside = fmt::format("{:<{}}{}", program, program_columns, text);
  if (indent + columns(beside) <= columns_max) return whole(beside, indent);
  whole(program, indent);
  whole(text, indent + margin);
}

void Page::line(std::string_view text, Tone tone) { lines_.push_back({safe(text), tone}); }

void Page::quote(std::string_view text, size_t lines_max) {
  constexpr size_t indent = 6;
  std::vector<std::string> quoted;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find_first_of("\r\n", at), text.size());
    if (end > at)
      for (std::string& line : wrapped(safe(text.substr(at, end - at)), columns_max - indent))
        quoted.push_back(std::move(line));
    at = end + 1;
  }
  if (quoted.size() > lines_max) {
    quoted.resize(lines_max);
    std::string& last = quoted.back();
    if (columns(last) > columns_max - indent - 4)
      last.resize(octets_of(last, columns_max - indent - 4));
    last += " ...";
  }
  for (const std::string& line : quoted)
    lines_.push_back({std::string(indent, ' ') + line, Tone::quote});
}

void Page::append(const Page& other) {
  lines_.insert(lines_.end(), other.lines_.begin(), other.lines_.end());
}

std::string Page::plain_text() const {
  std::string text;
  for (const PageLine& line : lines_) text += line.text + "\n";
  return text;
}

}  // namespace waypost::explain
