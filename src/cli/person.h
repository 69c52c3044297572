#pragma once

#include <string>

namespace waypost::cli {

// Who gives a command, for those who find later what it did; empty when nobody says. A word, not a
// proof: who may open the relay's socket may say anything.
std::string person();

}  // namespace waypost::cli
