#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace waypost::cli {

struct SmtpOnStdin {
  std::string hostname;
  std::string drop_folder;
  uint64_t message_octets_max;
  size_t recipients_max;
};

// `sendmail -bs`: SMTP on standard input and output, for programs that speak it to a child. Each
// message is left in the drop folder before its 250, so no relay need run. Returns the exit code.
int smtp_on_stdin(const SmtpOnStdin& settings);

}  // namespace waypost::cli
