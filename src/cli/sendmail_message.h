#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/sendmail_arguments.h"

namespace waypost::cli {

// Who calls, and where.
struct SendmailCaller {
  std::string user;       // "www-data"
  std::string full_name;  // of the user database; may be empty
  std::string hostname;   // completes addresses without a domain
};

// What sendmail makes of its input: the commands of one SMTP transaction, and the content.
struct PreparedMail {
  std::vector<std::string> commands;  // "MAIL FROM:<...> ...", then "RCPT TO:<...> ..." each
  std::string content;                // CRLF line ends, without transparency dots
};

// Line ends become CRLF, whatever they were, an mbox "From " line goes, text that does not begin
// with a header gets one, and From is added where it is missing. With -t the recipients are read
// from To, Cc and Bcc, and Bcc is taken out; recipients of the command line count as well. Fails
// with invalid_input: no recipient, an address that is none, a NUL in the text.
Result<PreparedMail> prepare_mail(const SendmailCall& call, const SendmailCaller& caller,
                                  std::string_view input);

// The address to put into the envelope: the only one of `from`, or else of the message's own From.
Result<std::string> sender_of(const std::string& from, std::string_view message);

}  // namespace waypost::cli
