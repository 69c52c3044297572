#pragma once

#include <string>
#include <vector>

#include "doctor/rungs.h"

namespace waypost::doctor {

// What a name stands for: itself, then each name that it is an alias of (CNAME), at most nine.
struct AliasChain {
  std::vector<std::string> names;
  bool loops = false;  // the last one was there before

  std::string text() const;  // "a.example -> b.example"
};

// Asked of the first of three name servers that answers, over TCP; none where none does.
io::Task<AliasChain> follow_aliases(Context& context, std::string name);

struct NameFailure {
  Finding finding;
  bool answers = false;  // a name server has answered now, whatever it was
};

// Why there was no answer about a name, by asking the name servers once more, one by one: dead
// (M1004), bogus (M1003), an alias of itself (M1017), or unable to answer (M1005).
io::Task<NameFailure> explain_name_failure(Context& context, std::string name, Error error);

}  // namespace waypost::doctor
