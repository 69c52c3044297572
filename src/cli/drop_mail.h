#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/message_id.h"
#include "base/result.h"

namespace waypost::cli {

// As the relay would name a message that comes now.
MessageId new_message_id();

// Leaves a message in the drop folder, docs/format/drop.md: when it returns, the message is on
// stable storage, and the relay takes it, at once or when it runs again, under the id that is
// returned. `commands` are MAIL and RCPT without line ends, `content` has CRLF line ends. Blocks.
Result<MessageId> drop_mail(const std::string& folder, const std::vector<std::string>& commands,
                            std::string_view content);

// The exit code of sysexits.h for a message that could not be left, which is shown.
int report_not_dropped(const Error& error);

}  // namespace waypost::cli
