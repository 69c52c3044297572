#pragma once

#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace waypost::cli {

// A call of sendmail, as its many callers make it.
struct SendmailCall {
  enum class Mode {
    send,
    serve_stdin,  // -bs: SMTP on standard input and output
    list_queue,   // -bp, mailq
    nothing,      // -bi, newaliases, -q: what other programs need and this one does not
  };
  Mode mode = Mode::send;
  bool recipients_from_header = false;  // -t
  bool dot_is_text = false;             // -i, -oi: a line with a dot alone ends nothing
  std::optional<std::string> sender;    // -f, -r; "" and "<>" are nobody
  std::string full_name;                // -F
  std::string notify;                   // -N: NOTIFY of RFC 3461 §4.1
  std::string returns;                  // -R: RET of §4.3
  std::string envelope_id;              // -V: ENVID of §4.4
  std::string config_file;              // -C
  std::vector<std::string> recipients;
};

// Understands the options of sendmail(8) as Postfix, Exim and sendmail do, together ("-ti") or
// apart; those that mean nothing here are passed over. `program` is how it was called: a link named
// mailq or newaliases chooses the mode. The error is a line that says what is wrong.
tl::expected<SendmailCall, std::string> parse_sendmail_arguments(
    const std::string& program, const std::vector<std::string>& arguments);

}  // namespace waypost::cli
