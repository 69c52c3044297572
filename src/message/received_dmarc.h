#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "message/dmarc_report.h"
#include "message/feedback_report.h"

// What receivers send to the addresses of a DMARC record, in the forms in which people have it.
namespace waypost::message {

// An aggregate report (rua, RFC 9990), or one about a single message (ruf, RFC 9991 and 6591).
using ReceivedDmarc = std::variant<DmarcReport, FeedbackReport>;

// Of XML, of gzip or zip with XML in it, or of a message that carries one of these or is a failure
// report. invalid_input, with what is wrong, for all else; resource_exhausted for what is too large
// unpacked. Any octets, any thread.
base::Result<ReceivedDmarc> read_received_dmarc(std::string_view octets);

inline constexpr size_t mbox_messages_max = 100'000;

// The messages of a mailbox file, which starts with "From "; the octets as they are when it is
// none. Views into `octets`. What is behind mbox_messages_max is left out.
std::vector<std::string_view> messages_of_mbox(std::string_view octets);

}  // namespace waypost::message
