#pragma once

#include <string>

namespace waypost::events {

// Why a recipient was deferred or bounced, as the rules read the reply. Empty where it was not
// read.
struct Cause {
  std::string reply_class;  // "mailbox-full"
  std::string who;          // who must act: "recipient"
  std::string rule;         // the id behind which `waypost explain` has a page
  std::string remedy;       // the first thing to do
  bool suppress = false;    // the address is no good: sending to it again does harm
};

}  // namespace waypost::events
