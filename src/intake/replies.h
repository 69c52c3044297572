#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "smtp/reply.h"

// What intake answers when it does not take a message.
namespace waypost::intake {

smtp::Reply storage_down();                       // 451 4.3.0
smtp::Reply storage_full();                       // 452 4.3.1
smtp::Reply too_busy();                           // 451 4.3.2
smtp::Reply cannot_sign();                        // 451 4.3.0
smtp::Reply storage_refusal(const Error& error);  // one of these, or 554 5.3.4
smtp::Reply too_large(uint64_t octets_max);       // 552 5.3.4
smtp::Reply too_many_recipients(size_t max);      // 452 4.5.3, RFC 5321 §4.5.3.1.10
smtp::Reply no_recipients();                      // 554 5.5.1
smtp::Reply no_local_mailboxes();                 // 550 5.1.1
smtp::Reply forbidden_literal();                  // 550 5.1.2

}  // namespace waypost::intake
