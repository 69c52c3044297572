#pragma once

#include <string>

#include "cli/doctor_password.h"
#include "cli/terminal.h"

// `waypost admin`: who may log in to the dashboard.
namespace waypost::cli {

struct AdminArguments {
  std::string name = "admin";
  PasswordPlace password;
};

int admin_password_command(const Global& global, const AdminArguments& arguments);
int admin_ls_command(const Global& global, const AdminArguments& arguments);
int admin_remove_command(const Global& global, const AdminArguments& arguments);

}  // namespace waypost::cli
