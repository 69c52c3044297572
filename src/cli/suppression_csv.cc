#include "cli/suppression_csv.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "records/suppression_json.h"
#include "smtp/address.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using records::Suppression;

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr std::array<std::string_view, 8> columns{"address", "reason",  "scope", "since",
                                                  "expires", "message", "who",   "evidence"};

using Row = std::vector<std::string>;

// Rows of RFC 4180 §2; a bare LF or CR ends one as well.
class RowReader {
 public:
  explicit RowReader(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ == text_.size(); }
  uint64_t line() const { return line_; }

  Result<Row> next() {
    Row row;
    do {
      TRY(std::string field, field_at());
      row.push_back(std::move(field));
    } while (skip(','));
    const bool ended = skip('\r');
    if (!skip('\n') && !ended && !at_end())
      return failure(ErrorCode::invalid_input,
                     fmt::format("in line {} something follows a closing quote", line_));
    ++line_;
    return row;
  }

 private:
  bool skip(char c) {
    const bool there = at_ < text_.size() && text_[at_] == c;
    at_ += there;
    return there;
  }
  Result<std::string> field_at() {
    if (!skip('"')) {
      const size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
      const size_t begin = std::exchange(at_, end);
      return std::string(text_.substr(begin, end - begin));
    }
    const uint64_t began = line_;
    std::string field;
    while (!at_end()) {
      const char c = text_[at_++];
      if (c == '"' && !skip('"')) return field;
      line_ += c == '\n';
      field += c;
    }
    return failure(ErrorCode::invalid_input,
                   fmt::format("the quote that begins in line {} does not end", began));
  }

  std::string_view text_;
  size_t at_ = 0;
  uint64_t line_ = 1;
};

std::string_view column_named(std::string name) {
  name = base::to_lower(name);
  if (name == "email" || name == "email_address") name = "address";
  if (name == "created" || name == "created_at") name = "since";
  auto found = std::find(columns.begin(), columns.end(), name);
  return found == columns.end() ? std::string_view() : *found;
}

// The column of each field; none when the row is no head.
std::optional<std::vector<std::string_view>> head_of(const Row& row) {
  std::vector<std::string_view> head;
  for (const std::string& field : row) head.push_back(column_named(field));
  if (std::find(head.begin(), head.end(), columns[0]) == head.end()) return std::nullopt;
  return head;
}

std::string in_rfc3339(const std::string& text) {
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr int64_t year_3000 = 32'503'680'000;
  if (error == std::errc() && end == text.data() + text.size() && seconds > 0 &&
      seconds < year_3000)
    return base::to_rfc3339(WallTime(std::chrono::seconds(seconds)));
  return base::parse_rfc3339(text + "T00:00:00Z") ? text + "T00:00:00Z" : text;
}

Result<Suppression> entry_of(const Row& row, const std::vector<std::string_view>& head,
                             const Suppression& otherwise) {
  json::object object = records::to_json(otherwise);
  for (size_t i = 0; i < std::min(row.size(), head.size()); ++i) {
    if (head[i].empty() || row[i].empty()) continue;
    const bool is_time = head[i] == "since" || head[i] == "expires";
    object[json::string_view(head[i].data(), head[i].size())] =
        base::to_valid_utf8(is_time ? in_rfc3339(row[i]) : row[i]);
  }
  TRY(Suppression entry, records::parse_suppression(object));
  if (auto mailbox = smtp::parse_mailbox(entry.address, smtp::Characters::utf8); !mailbox)
    return failure(std::move(mailbox).error());
  return entry;
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string made = "\"";
  for (const char c : text) {
    if (c == '"') made += c;
    made += c;
  }
  return made + "\"";
}

}  // namespace

Result<CsvRows> parse_suppressions_csv(std::string_view text, const Suppression& otherwise) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  CsvRows rows;
  RowReader reader(text);
  std::optional<std::vector<std::string_view>> head;
  while (!reader.at_end()) {
    const uint64_t line = reader.line();
    TRY(const Row row, reader.next());
    if (row.size() == 1 && row[0].empty()) continue;
    const bool first = !head.has_value();
    if (first) head = head_of(row);
    if (first && head) continue;
    if (first) head = {{columns[0]}};
    Result<Suppression> entry = entry_of(row, *head, otherwise);
    if (entry)
      rows.entries.push_back(*std::move(entry));
    else
      rows.problems.push_back({line, entry.error().message()});
  }
  return rows;
}

std::string suppressions_csv_head() {
  std::string head;
  for (const std::string_view column : columns) head.append(head.empty() ? "" : ",").append(column);
  return head + "\r\n";
}

std::string suppression_csv_row(const Suppression& entry) {
  const Row row{entry.address,
                entry.reason,
                records::text_of(entry.scope, entry.scope_name),
                base::to_rfc3339(entry.since),
                entry.expires ? base::to_rfc3339(*entry.expires) : "",
                entry.message,
                entry.who,
                base::to_valid_utf8(entry.evidence)};
  std::string text;
  for (const std::string& field : row) text.append(text.empty() ? "" : ",").append(quoted(field));
  return text + "\r\n";
}

}  // namespace waypost::cli
