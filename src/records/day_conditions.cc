#include "records/day_conditions.h"

#include <fmt/format.h>

namespace waypost::records {
namespace {

// As the indexes have it, or SQLite does not see that they serve.
constexpr std::string_view came_back_entries =
    "events WHERE kind = ?19 AND kind IN ('late_bounced', 'late_delayed', 'complained', "
    "'unsubscribed', 'auto_replied')";
// What stands behind the last "@" of the sender.
constexpr std::string_view sender_domain_entries =
    "messages WHERE lower(substr(sender, length(rtrim(sender, replace(sender, '@', ''))) + 1)) = "
    "?24";

constexpr Condition conditions[] = {
    {nullptr, 1, "messages WHERE id = ?1", "number", "+id = ?1", true, false},
    {&Search::message_id, 3, "messages WHERE message_id = ?3 AND message_id <> ''", "number",
     "+message_id = ?3", true, false},
    {&Search::session, 4, "messages WHERE session = ?4 AND session <> ''", "number",
     "+session = ?4", true, false},
    {&Search::reply_class, 6, "events WHERE class = ?6 AND class <> ''", "message",
     "EXISTS (SELECT 1 FROM events WHERE message = messages.number AND class = ?6 AND class <> '')",
     true, false},
    {&Search::tag, 25, "tags WHERE tag = ?25", "message",
     "EXISTS (SELECT 1 FROM tags WHERE tag = ?25 AND message = messages.number)", true, false},
    {&Search::state, 12, "recipients WHERE state = ?12", "message",
     "EXISTS (SELECT 1 FROM recipients WHERE message = messages.number AND state = ?12)", true,
     false},
    {nullptr, states_place, "recipients WHERE state IN (SELECT value FROM json_each(?16))",
     "message",
     "EXISTS (SELECT 1 FROM recipients WHERE message = messages.number AND state IN (SELECT value "
     "FROM json_each(?16)))",
     false, false},
    {&Search::came_back, 19, came_back_entries, "message",
     "EXISTS (SELECT 1 FROM events WHERE message = messages.number AND kind = ?19)", true, false},
    {&Search::host, 7, "events WHERE host = ?7 AND host <> ''", "message",
     "EXISTS (SELECT 1 FROM events WHERE message = messages.number AND host = ?7 AND host <> '')",
     true, false},
    {&Search::domain, domain_place, "recipients WHERE domain = ?5", "message",
     "EXISTS (SELECT 1 FROM recipients WHERE message = messages.number AND +domain = ?5)", true,
     false},
    {&Search::sender, 23, "messages WHERE sender = ?23", "number", "+sender = ?23", true, false},
    {&Search::sender_domain, sender_domain_place, sender_domain_entries, "number",
     "+lower(substr(sender, length(rtrim(sender, replace(sender, '@', ''))) + 1)) = ?24", true,
     false},
    {&Search::address, 2,
     "(SELECT number AS message FROM messages WHERE sender = ?2 UNION ALL "
     "SELECT message FROM recipients WHERE address = ?2)",
     "message",
     "(+sender = ?2 OR EXISTS (SELECT 1 FROM recipients WHERE message = messages.number AND "
     "+address = ?2))",
     false, false},
    {&Search::address_prefix, 10, "recipients WHERE address >= ?10 AND address < ?11", "message",
     "EXISTS (SELECT 1 FROM recipients WHERE message = messages.number AND +address >= ?10 AND "
     "+address < ?11)",
     false, false},
    {&Search::subject, word_place, "subject_instances WHERE term >= ?26 AND term < ?27", "doc",
     "NOT EXISTS (SELECT 1 FROM json_each(?28) WHERE instr(' ' || messages.words, ' ' || value) = "
     "0)",
     false, true},
};

}  // namespace

std::span<const Condition> day_conditions() { return conditions; }

std::string direction_check(std::string_view direction) {
  const std::string is_inbound =
      "EXISTS (SELECT 1 FROM events WHERE message = messages.number AND kind = 'accepted' AND line "
      "->> 'inbound')";
  if (direction == "inbound") return is_inbound;
  return fmt::format("+sender {} '' AND NOT {}", direction == "notice" ? "=" : "<>", is_inbound);
}

}  // namespace waypost::records
