#include "intake/replies.h"

#include <fmt/format.h>

namespace waypost::intake {

smtp::Reply storage_down() {
  return smtp::reply(451, {4, 3, 0}, "The message cannot be stored now; try again later");
}

smtp::Reply storage_full() {
  return smtp::reply(452, {4, 3, 1}, "Not enough disk space to store the message; try again later");
}

smtp::Reply too_busy() {
  return smtp::reply(451, {4, 3, 2}, "Too much mail comes in at once; try again in a moment");
}

smtp::Reply cannot_sign() {
  return smtp::reply(451, {4, 3, 0}, "The message cannot be signed now; try again later");
}

smtp::Reply storage_refusal(const Error& error) {
  // An envelope that cannot be stored will not fit later either.
  if (error.code() == ErrorCode::invalid_input)
    return smtp::reply(554, {5, 3, 4}, "The message has too many recipients, or too long ones");
  return error.code() == ErrorCode::resource_exhausted ? storage_full() : storage_down();
}

smtp::Reply too_large(uint64_t octets_max) {
  return smtp::reply(552, {5, 3, 4},
                     fmt::format("The message is too large: the limit is {} octets", octets_max));
}

smtp::Reply too_many_recipients(size_t max) {
  return smtp::reply(
      452, {4, 5, 3},
      fmt::format(
          "Too many recipients: at most {} in one message; send it to the others in another", max));
}

smtp::Reply no_recipients() { return smtp::reply(554, {5, 5, 1}, "The message has no recipient"); }

smtp::Reply no_local_mailboxes() {
  return smtp::reply(550, {5, 1, 1},
                     "This relay has no mailboxes of its own; write to postmaster@ a domain");
}

smtp::Reply forbidden_literal() {
  return smtp::reply(550, {5, 1, 2},
                     "This relay sends no mail to that IP address; write to a domain instead");
}

}  // namespace waypost::intake
