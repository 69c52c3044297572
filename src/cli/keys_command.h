#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"

// `waypost keys`: with what applications log in.
namespace waypost::cli {

struct NewKey {
  std::string name;
  std::string tenant = "default";
  std::string stream = "default";
  std::vector<std::string> domains;
  bool any_sender = false;          // or else those domains
  std::vector<std::string> scopes;  // none: to send
};

int keys_create_command(const Global& global, const NewKey& key);
int keys_ls_command(const Global& global);
int keys_revoke_command(const Global& global, const std::string& name);

}  // namespace waypost::cli
