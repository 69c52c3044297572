#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "records/suppressions.h"

// Lists of addresses that are not written to, as spreadsheets and other senders have them
// (RFC 4180). Pure.
namespace waypost::cli {

struct CsvProblem {
  uint64_t line = 0;  // of the row's beginning, from 1
  std::string what;
};

struct CsvRows {
  std::vector<records::Suppression> entries;  // without keys
  std::vector<CsvProblem> problems;           // one a row that was left out
};

// The first row names the columns, in any order and case: address (or email), and if they are there
// reason, scope, since (or created, created_at), expires, message, who, evidence; others are passed
// over. Without such a row, each row is an address and nothing else of it is read. Times are RFC
// 3339, a date, or seconds since 1970. What a row leaves out is `otherwise`'s. invalid_input when
// quotes do not end.
Result<CsvRows> parse_suppressions_csv(std::string_view text,
                                       const records::Suppression& otherwise);

std::string suppressions_csv_head();
// One row with its line end. A text that a spreadsheet would take for a formula gets no special
// form: what is imported again must be what was exported.
std::string suppression_csv_row(const records::Suppression& entry);

}  // namespace waypost::cli
