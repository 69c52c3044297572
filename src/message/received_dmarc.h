#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "base/result.h"
#include "message/dmarc_report.h"
#include "message/feedback_report.h"

// What receivers send to the addresses of a DMARC record, in the forms in which people have it.
namespace waypost::message {

// An aggregate report (rua, RFC 9990), or one about a single message (ruf, RFC 9991 and 6591).
using ReceivedDmarc = std::variant<DmarcReport, FeedbackReport>;

// All in XML, in gzip or zip with XML in it, or in a message that carries some of these, or another
// message that does, or is a failure report: one result at least, in their order. invalid_input,
// with what is wrong, for what is no report; resource_exhausted for what is too large unpacked. Any
// octets, any thread.
std::vector<base::Result<ReceivedDmarc>> read_received_dmarc(std::string_view octets);

// What makes a report that comes again the same one: who reports, its id, the domain in lower case,
// begin and end. Some write no id, or the same every day.
using DmarcKey = std::tuple<std::string, std::string, std::string, int64_t, int64_t>;
DmarcKey key_of(const DmarcReport& report);
// Who reports, source, domain, sender, time of arrival, Message-ID.
using FailureKey =
    std::tuple<std::string, std::string, std::string, std::string, std::string, std::string>;
FailureKey key_of(const FeedbackReport& report);

inline constexpr size_t mbox_messages_max = 100'000;

// The messages of a mailbox file, which starts with "From "; the octets as they are when it is
// none. Views into `octets`. What is behind mbox_messages_max is left out.
std::vector<std::string_view> messages_of_mbox(std::string_view octets);

}  // namespace waypost::message
