#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"

namespace waypost::cli {

struct DkimSignArguments {
  std::string file;
  std::string domain;
  std::vector<std::string> selectors;
  std::vector<std::string> key_files;  // one a selector
  std::string canonical = "relaxed/relaxed";
  bool field_only = false;
};

// Of `dkim verify` and `arc verify`.
struct CheckMessageArguments {
  std::string file;
  std::string timeout = "15s";
};

struct DkimKeyArguments {
  std::string domain;
  std::string selector;
  std::string file;
  std::string type = "rsa";
  unsigned rsa_bits = 2048;
};

// `waypost dkim verify`. 0 a signature holds, 1 none does, 66 no such file, 75 a key could not be
// looked up.
int dkim_verify_command(const Global& global, const CheckMessageArguments& arguments);

// `waypost dkim sign`. 0, 64 wrong names or no key, 66 no such message, 77 a key open to all.
int dkim_sign_command(const Global& global, const DkimSignArguments& arguments);

// `waypost dkim key`. Never writes over a file. The same codes.
int dkim_key_command(const Global& global, const DkimKeyArguments& arguments);

}  // namespace waypost::cli
