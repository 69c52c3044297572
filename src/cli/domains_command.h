#pragma once

#include <string>
#include <vector>

#include "cli/domain_setup.h"
#include "cli/terminal.h"
#include "domains/settings.h"

namespace waypost::cli {

struct DomainArguments {
  std::string domain;
  domains::DomainSettings settings;
  std::string key_type;  // "rsa", "ed25519", "both"; "": both, or those that the domain has
  std::string selector;
  PublishArguments publish;
  bool force = false;
  // Of `verify`.
  std::vector<std::string> servers;
  bool waits = false;
  std::string wait;
  bool no_activate = false;
};

// All: 0, 64 a wrong call, 77 rights, 78 configuration; others as each says.

// `waypost domains add`: makes the domain and its keys where they are missing, keeps what is said
// of it, and prints or publishes its records. 1 where an update was refused or the plan has a
// problem, 2 without an answer.
int domains_add_command(const Global& global, const DomainArguments& arguments);
int domains_ls_command(const Global& global);
// `waypost domains show`: the same without a change to the domain. 1 for one that is not there.
int domains_show_command(const Global& global, const DomainArguments& arguments);
// `waypost domains remove`. 1 where it is not there, or still signs and was not forced.
int domains_remove_command(const Global& global, const DomainArguments& arguments);
// `waypost domains verify`. 0 receivers see all, 1 they do not, 2 nobody answers.
int domains_verify_command(const Global& global, const DomainArguments& arguments);

// `waypost keys ls DOMAIN`, `rotate`, `retire`. 1 where there is nothing of the kind.
int domain_keys_ls_command(const Global& global, const DomainArguments& arguments);
int domain_keys_rotate_command(const Global& global, const DomainArguments& arguments);
int domain_keys_retire_command(const Global& global, const DomainArguments& arguments);

}  // namespace waypost::cli
