#pragma once

#include <string>

#include "classify/classifier.h"
#include "cli/terminal.h"

namespace waypost::cli {

struct LogArguments {
  std::string file;      // - is standard input
  std::string since;     // how long ago, a date or a time
  std::string provider;  // only its causes
  bool follow = false;   // wait for more lines, and show the summary again
};

// `waypost explain --log`. 0; 1 when no line tells an outcome, 2 when it could not be read to its
// end, 64, 66.
int explain_log(const Global& global, const LogArguments& arguments,
                const classify::Classifier& classifier);

}  // namespace waypost::cli
