#pragma once

#include <cstdint>
#include <string>

#include "cli/terminal.h"

namespace waypost::cli {

struct TraceArguments {
  std::string what = {};   // a message id, an address, a Message-ID or a session; "" is any
  std::string since = {};  // "2d", or a date or time of RFC 3339
  std::string until = {};
  std::string domain = {};
  std::string reply_class = {};
  std::string host = {};
  std::string from = {};     // the sender's address, or its domain
  std::string subject = {};  // words of it
  std::string tag = {};      // "kind" or "kind=invoice"
  uint64_t messages_max = 20;
  bool transcript = false;
};

// What happened to the messages that meet all arguments: from the records and the event log, and
// what is now from the running relay.
int trace_command(const Global& global, const TraceArguments& arguments);

}  // namespace waypost::cli
