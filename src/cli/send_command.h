#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"

namespace waypost::cli {

struct SendArguments {
  std::string from;
  std::vector<std::string> to;
  std::string subject;
  std::string text;  // "-": standard input
  std::string html;
  std::string file;  // a message that is ready, instead of the three above
  bool wait = false;
  std::string timeout = "1m";
};

// `waypost send`: hands a message to the relay of this machine and prints its id. With `wait` it
// then prints what happens to it as it happens. 0 taken, or delivered to all; 1 somebody will not
// get it; 75 somebody still waits for it when the time is over.
int send_command(const Global& global, const SendArguments& arguments);

}  // namespace waypost::cli
