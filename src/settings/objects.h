#pragma once

#include <string>
#include <vector>

#include "settings/code.h"

namespace waypost::settings {

// One `key: value` inside nested braces of JavaScript or JSON.
struct Member {
  std::string path;  // "auth.user", from the outermost brace
  size_t key = 0;    // token index
  size_t begin = 0;  // of the value; tokens begin to end
  size_t end = 0;
};

// The members of the object whose brace is token `open`, those of objects inside it, too, at most
// 8 deep and 1,000 of them. What is no plain `key: value` is passed over.
std::vector<Member> members_of(const Code& code, size_t open);

}  // namespace waypost::settings
