#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "queue/command.h"
#include "queue/pause.h"

// What people say of the queue on the command line, as the relay takes it. Pure.
namespace waypost::cli {

// Which recipients; all that is set has to hold.
struct QueueArguments {
  std::vector<std::string> ids;
  std::string recipient;
  std::string domain;
  std::string site;
  std::string sender;
  std::string login;
  std::string stream;
  std::string tenant;
  std::string reply_class;
  std::string hold;
  std::string older_than;  // "2h"
  std::string newer_than;
  bool all = false;

  std::string reason;
  std::string at;  // of reschedule
  bool dry_run = false;
  uint64_t limit = 1000;
};

// Which mail; one of them.
struct PauseArguments {
  std::string site;
  std::string domain;
  std::string stream;
  std::string tenant;
  std::string sender_domain;
  bool everything = false;

  std::string reason;
  std::string lasts;  // "1h"
};

Result<queue::Selector> selector_of(const QueueArguments& arguments);
// None when nothing was named.
Result<std::optional<queue::Scope>> scope_of(const PauseArguments& arguments);

std::string_view name(queue::Act act);  // "hold"
Result<std::string> act_request(queue::Act act, const QueueArguments& arguments);
Result<std::string> pause_request(const queue::Scope& scope, const PauseArguments& arguments,
                                  const std::string& by);
std::string resume_request(const queue::Scope& scope);

}  // namespace waypost::cli
