#include "settings/sheet.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::settings {

size_t Sheet::add(const Written& written, bool is_secret) {
  if (entries_.size() >= entries_max) {
    is_full_ = true;
    return entries_.size() - 1;
  }
  Entry entry;
  entry.assignment = {std::string(written.key), written.key_offset,
                      source_.place(written.offset, written.length, is_secret), is_secret};
  entry.value = base::Secret(written.value);
  entry.is_elsewhere = written.is_elsewhere;
  entry.variable = written.variable;
  entries_.push_back(std::move(entry));
  return entries_.size() - 1;
}

const Sheet::Entry* Sheet::find(std::string_view key) const {
  const auto found = std::find_if(entries_.rbegin(), entries_.rend(),
                                  [&](const Entry& entry) { return entry.assignment.key == key; });
  return found == entries_.rend() ? nullptr : &*found;
}

bool Sheet::has(std::string_view key) const {
  const Entry* entry = find(key);
  return entry && (entry->is_elsewhere || !entry->value.empty());
}

std::string_view Sheet::value(std::string_view key) const {
  const Entry* entry = find(key);
  return entry && !entry->is_elsewhere ? std::string_view(entry->value.reveal())
                                       : std::string_view();
}

void Sheet::keep(const std::vector<size_t>& indexes) {
  std::vector<Entry> kept;
  for (size_t index : indexes) kept.push_back(std::move(entries_[index]));
  entries_ = std::move(kept);
}

Result<void> Sheet::hand_over(Settings& settings) const {
  if (is_full_)
    return failure(ErrorCode::resource_exhausted,
                   fmt::format("{}: more settings than a mail program has", settings.file));
  for (const Entry& entry : entries_) settings.assignments.push_back(entry.assignment);
  return {};
}

void notice_repeated(const Sheet& sheet, std::string_view key, Settings& settings) {
  const Sheet::Entry* last = sheet.find(key);
  if (last == nullptr) return;
  std::string others;
  for (size_t i = 0; i < sheet.size(); ++i) {
    const Sheet::Entry& entry = sheet[i];
    if (&entry == last || entry.assignment.key != key) continue;
    if (entry.value.reveal() == last->value.reveal() && entry.is_elsewhere == last->is_elsewhere)
      continue;
    others += fmt::format("{}{}", others.empty() ? "" : ", ", entry.assignment.place.line);
  }
  if (others.empty()) return;
  settings.notices.push_back(
      {last->assignment.place,
       fmt::format("{} stands in line {} as well; taken is the one here, the last", key, others)});
}

void take(const Sheet::Entry* entry, Setting<std::string>& setting) {
  if (entry) take_as(entry->value.reveal(), entry, setting);
}

void take(const Sheet::Entry* entry, Setting<base::Secret>& setting) {
  if (!entry) return;
  setting.value = base::Secret(entry->value.reveal());
  setting.place = entry->assignment.place;
  setting.is_elsewhere = entry->is_elsewhere;
  setting.variable = entry->variable;
}

void take_port(const Sheet::Entry* entry, Setting<unsigned>& setting) {
  if (!entry) return;
  static constexpr std::pair<std::string_view, unsigned> services[] = {
      {"smtp", 25}, {"smtps", 465}, {"submissions", 465}, {"ssmtp", 465}, {"submission", 587}};
  const std::string_view text = base::trim(entry->value.reveal());
  unsigned port = number_in(text);
  for (const auto& [service, number] : services)
    if (base::equals_ignoring_case(service, text)) port = number;
  take_as(port, entry, setting);
}

unsigned number_in(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.size() > 9) return 0;
  return number;
}

}  // namespace waypost::settings
