#pragma once

#include <cstdint>
#include <string>

#include "cli/terminal.h"

// `waypost suppressions`: the addresses that are not written to. With the relay where it runs, else
// on its database. 0 when there was something, 1 when there was not.
namespace waypost::cli {

struct SuppressionArguments {
  std::string address;
  std::string file;
  std::string reason;
  std::string domain;
  std::string since;
  std::string expires;
  std::string note;
  std::string stream;
  std::string sender_domain;
  uint64_t limit = 1000;
};

int suppressions_ls_command(const Global& global, const SuppressionArguments& arguments);
int suppressions_show_command(const Global& global, const SuppressionArguments& arguments);
int suppressions_add_command(const Global& global, const SuppressionArguments& arguments);
int suppressions_rm_command(const Global& global, const SuppressionArguments& arguments);
int suppressions_import_command(const Global& global, const SuppressionArguments& arguments);
int suppressions_export_command(const Global& global, const SuppressionArguments& arguments);

}  // namespace waypost::cli
