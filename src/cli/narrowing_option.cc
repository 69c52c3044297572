#include "cli/narrowing_option.h"

#include <CLI/CLI.hpp>

namespace waypost::cli {

CLI::Validator not_empty() {
  auto check = [](std::string& value) {
    return value.empty() ? std::string("an empty value means nothing; leave it out instead")
                         : std::string();
  };
  return {check, ""};
}

CLI::Option* add_narrowing(CLI::App& app, const char* name, std::string& to, const char* help,
                           const char* type) {
  return app.add_option(name, to, help)->type_name(type)->check(not_empty());
}

}  // namespace waypost::cli
