#pragma once

#include <string>

#include "checks/catalogue.h"
#include "doctor/walk.h"
#include "explain/page.h"

namespace waypost::doctor {

struct TextOptions {
  bool transcript = false;  // what was said, with what was hidden
  bool facts = false;       // below each rung: addresses, certificate, mechanisms ...
  // The settings file that was read, and its lines as a fix that works makes them; "" for none.
  std::string changed_file = {};
  std::string changed_lines = {};
  bool changed_and_tried = true;
  // Whose settings were read, "django": hints are then that program's alone; empty for the usual.
  std::string program = {};
};

// A report for a terminal: a line for each rung, a block of at most 16 lines for what is broken,
// what was done, and the verdict, last. Nothing of it is wider than 80 columns.
explain::Page report_page(const Report& report, const checks::Catalogue& catalogue,
                          const TextOptions& options);

// " 3 TLS      FAIL  the server offers no STARTTLS      23 ms", in as many lines as it needs.
explain::Page rung_lines(const RungResult& result);

// A line of the evidence: "+0.021 S 220 mail.example.com ESMTP".
std::string evidence_line(const Evidence& evidence);

}  // namespace waypost::doctor
