#include <algorithm>

#include "base/ascii.h"
#include "settings/dialect.h"

namespace waypost::settings {
namespace {

constexpr std::string_view hidden = "[hidden]";

// In front of a first line, of which it is no part.
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

bool is_before(const Edit& a, const Edit& b) { return a.offset < b.offset; }

const Assignment* last_with(const Settings& settings, std::string_view key) {
  const auto& all = settings.assignments;
  const auto found = std::find_if(all.rbegin(), all.rend(), [&](const Assignment& assignment) {
    return assignment.key == key;
  });
  return found == all.rend() ? nullptr : &*found;
}

// Beside which a new assignment goes: that of the host, or else the first.
const Assignment* neighbour(const Settings& settings) {
  const auto& all = settings.assignments;
  const auto host = std::find_if(all.begin(), all.end(), [&](const Assignment& assignment) {
    return settings.host.is_written() && assignment.place.offset == settings.host.place.offset;
  });
  if (host != all.end()) return &*host;
  return all.empty() ? nullptr : &all.front();
}

size_t line_start(std::string_view text, size_t offset) {
  const size_t end = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  if (end != std::string_view::npos) return end + 1;
  return text.starts_with(byte_order_mark) ? std::min(byte_order_mark.size(), offset) : 0;
}

// In front of another assignment any new one may stand: what follows it needs no look.
Edit insertion(const Settings& settings, const Assignment& beside, const Wanted& wanted) {
  const std::string_view text = settings.text.reveal();
  const size_t start = line_start(text, beside.key_offset);
  const std::string_view indent = text.substr(start, beside.key_offset - start);
  std::string added = form(settings.dialect).statement(settings, beside, wanted);
  if (indent.find_first_not_of(" \t") == std::string_view::npos)
    added.append("\n").append(indent);
  else
    added += ' ';
  return {beside.key_offset, 0, std::move(added)};
}

// A line for people. The password may also stand where no assignment is: in a comment.
std::string shown(std::string line, const Settings& settings) {
  const std::string& password = settings.password.value.reveal();
  constexpr size_t tellable_octets = 4;  // shorter ones are found in any word
  if (password.size() >= tellable_octets)
    for (size_t at = 0; (at = line.find(password, at)) != std::string::npos; at += hidden.size())
      line.replace(at, password.size(), hidden);
  return base::escape_control(line) + "\n";
}

// `change` and what hides each secret of the text.
std::vector<Edit> with_secrets_hidden(const Settings& settings, std::vector<Edit> change) {
  for (const Assignment& assignment : settings.assignments)
    if (assignment.is_secret && assignment.place.length > 0)
      change.push_back({assignment.place.offset, assignment.place.length, std::string(hidden)});
  std::stable_sort(change.begin(), change.end(), is_before);
  return change;
}

}  // namespace

std::vector<Edit> edits(const Settings& settings, const Change& change) {
  std::vector<Edit> all;
  for (const Wanted& wanted : form(settings.dialect).write(settings, change)) {
    if (const Assignment* written = last_with(settings, wanted.key))
      all.push_back({written->place.offset, written->place.length, wanted.literal});
    else if (const Assignment* beside = neighbour(settings))
      all.push_back(insertion(settings, *beside, wanted));
  }
  std::stable_sort(all.begin(), all.end(), is_before);
  // A value that is not closed may reach into the next one.
  size_t end = 0;
  std::erase_if(all, [&](const Edit& edit) {
    if (edit.offset < end) return true;
    end = edit.offset + edit.length;
    return false;
  });
  return all;
}

std::string with_change(const Settings& settings, const Change& change) {
  const std::string_view text = settings.text.reveal();
  std::vector<Edit> all = with_secrets_hidden(settings, edits(settings, change));
  std::string after;
  std::vector<size_t> altered;  // octets of `after`
  size_t at = 0;
  for (const Edit& edit : all) {
    if (edit.offset < at) continue;
    after += text.substr(at, edit.offset - at);
    if (edit.text != hidden) altered.push_back(after.size());
    after += edit.text;
    at = edit.offset + edit.length;
  }
  after += text.substr(at);
  std::string lines;
  size_t line_end = 0;
  for (const size_t offset : altered) {
    if (offset < line_end) continue;
    const size_t start = line_start(after, offset);
    line_end = std::min(after.find('\n', offset), after.size());
    lines += shown(after.substr(start, line_end - start), settings);
    ++line_end;
  }
  base::Secret::wipe(after);
  return lines;
}

}  // namespace waypost::settings
