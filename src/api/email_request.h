#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "smtp/address.h"
#include "web/message.h"

// What is asked to be sent, as it comes in JSON. Pure.
namespace waypost::api {

inline constexpr size_t emails_at_once_max = 100;
inline constexpr size_t recipients_max = 1000;

// One message, ready for the way in.
struct Email {
  smtp::Mailbox sender;
  std::vector<smtp::Mailbox> recipients;  // of to, cc and bcc, each once
  bool smtputf8 = false;
  bool eight_bit = false;
  std::string content;            // CRLF line ends
  std::string author_domain;      // of the From field of "raw"; else it is the sender's
  std::string agent_domain = {};  // of its Sender field; empty where it has none
  WallTime scheduled_at = {};     // as it was asked for, however far ahead; the epoch: at once
};

struct EmailRequest {
  std::vector<Email> emails;
  // Where there are some, nothing is to be sent; at most problems_max (fields.h).
  std::vector<web::FieldProblem> problems;
};

// The body of a request for one email, or for a list of them. `boundary` is random letters.
// invalid_input for what is no JSON or no such object or list. A message's content has at most
// `content_octets_max` octets.
Result<EmailRequest> read_email_request(std::string_view body, bool is_batch,
                                        std::string_view boundary, uint64_t content_octets_max);

}  // namespace waypost::api
