#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/message_id.h"
#include "base/time.h"
#include "queue/standing.h"

namespace waypost::queue {

// Which recipients a person means: those for which all that is set holds. Nothing set selects
// nothing; `all` stands for everything.
struct Selector {
  std::vector<MessageId> ids;  // one of them
  std::string recipient;       // addresses and domains compare without case
  std::string domain;
  std::string site;
  std::string sender;  // "<>" is the null reverse-path
  std::string login;
  std::string stream;
  std::string tenant;
  std::optional<Duration> older_than;
  std::optional<Duration> newer_than;
  std::string reply_class;  // of the last reply: "mailbox-full"
  std::optional<Hold> hold;
  bool all = false;

  bool selects_something() const;
  bool matches(const Standing& standing, WallTime now) const;
};

inline constexpr size_t selected_ids_max = 1000;

}  // namespace waypost::queue
