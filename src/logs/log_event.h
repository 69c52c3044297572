#pragma once

#include <cstdint>
#include <string_view>

// Mail logs of whatever server or library people run, read line by line. Pure.
namespace waypost::logs {

enum class Fate : uint8_t {
  delivered,
  deferred,    // refused for now, or nobody answered; it will be tried again
  bounced,     // refused for good, or given up
  told_again,  // what was delivered, to a program of this host, passed on: it counts when it leaves
};

// One outcome for one recipient, as a line tells it. The views last until the next line is read.
struct LogEvent {
  Fate fate = Fate::delivered;
  std::string_view time;       // as it stands; empty: the line has none
  std::string_view recipient;  // empty: not told
  std::string_view host;       // who said it; empty: not told, or nobody
  std::string_view reply;      // what was said, or happened instead
};

}  // namespace waypost::logs
