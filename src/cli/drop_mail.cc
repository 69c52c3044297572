#include "cli/drop_mail.h"

#include <array>

#include "base/ascii.h"
#include "cli/terminal.h"
#include "io/clock.h"
#include "io/drop_folder.h"
#include "io/rng.h"
#include "smtp/data.h"

namespace waypost::cli {

MessageId new_message_id() {
  std::array<uint8_t, 10> random{};
  io::SystemRng().fill(random);
  return MessageId::make(io::SystemClock().wall_now(), random);
}

Result<MessageId> drop_mail(const std::string& folder, const std::vector<std::string>& commands,
                            std::string_view content) {
  const MessageId id = new_message_id();
  std::string head;
  for (const std::string& command : commands) head += command + "\r\n";
  head += "DATA\r\n";
  std::string body;
  smtp::DataWriter writer;
  writer.append(content, body);
  writer.finish(body);
  TRY(auto file, io::DropFolder(folder).begin(id.text()));
  TRY_VOID(file->append(head));
  TRY_VOID(file->append(body));
  TRY_VOID(file->leave());
  return id;
}

int report_not_dropped(const Error& error) {
  note("waypost: the message was not taken: " + base::escape_control(error.describe()) + "\n");
  if (error.code() == ErrorCode::permission_denied) {
    note("  Only members of the group that [drop] of the configuration names may hand in mail.\n");
    return exit_code::rights;
  }
  if (error.code() == ErrorCode::not_found)
    note("  `waypost serve` makes the folder when it starts for the first time.\n");
  return exit_code::temporary;
}

}  // namespace waypost::cli
