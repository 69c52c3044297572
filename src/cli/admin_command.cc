#include "cli/admin_command.h"

#include <unistd.h>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/data_owner.h"
#include "cli/load_config.h"
#include "config/data_paths.h"
#include "io/clock.h"
#include "io/rng.h"
#include "records/admins.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;

tl::expected<std::unique_ptr<records::Admins>, int> open_admins(const Global& global) {
  auto config = load_config(global, false);
  if (!config) return tl::unexpected(config.error());
  // The relay, under its own user, has to open what is made here.
  if (auto became = act_as_owner_of(config->data_dir); !became)
    return tl::unexpected(report(became.error()));
  auto admins = records::Admins::open(config::DataPaths(config->data_dir).records + "/" +
                                      records::admins_file);
  if (!admins) return tl::unexpected(report(admins.error()));
  return *std::move(admins);
}

// Before the user is changed, who may not read the file. What is typed unseen is typed twice.
Result<Secret> new_password(const PasswordPlace& place) {
  TRY(Secret password, doctor_password(place));
  const bool was_typed = place.file.empty() && !place.descriptor &&
                         ::getenv("WAYPOST_PASSWORD") == nullptr && ::isatty(STDIN_FILENO) == 1;
  if (!was_typed) return password;
  note("The same again, please.\n");
  TRY(const Secret again, doctor_password(place));
  if (again.reveal() != password.reveal())
    return failure(ErrorCode::invalid_input,
                   "the two passwords are not the same: nothing was changed, try again");
  return password;
}

}  // namespace

int admin_password_command(const Global& global, const AdminArguments& arguments) {
  auto password = new_password(arguments.password);
  if (!password) return report(password.error());
  auto admins = open_admins(global);
  if (!admins) return admins.error();
  io::SystemRng rng;
  auto set = (*admins)->set_password(arguments.name, *password, io::SystemClock().wall_now(), rng);
  if (!set) return report(set.error());
  if (!global.quiet)
    note(
        fmt::format("  \"{}\" can log in to the dashboard. Sessions with the password of before "
                    "end within a second.\n",
                    arguments.name));
  return exit_code::ok;
}

int admin_ls_command(const Global& global, const AdminArguments&) {
  auto admins = open_admins(global);
  if (!admins) return admins.error();
  auto list = (*admins)->list();
  if (!list) return report(list.error());
  for (const records::Admin& admin : *list) {
    const std::string changed_at = base::to_rfc3339(admin.changed_at);
    if (global.json)
      print(json::serialize(json::object{{"name", admin.name}, {"changed_at", changed_at}}) + "\n");
    else
      print(fmt::format("{:<24} password of {}\n", admin.name, changed_at.substr(0, 10)));
  }
  if (list->empty() && !global.json && !global.quiet)
    note("  Nobody can log in to the dashboard yet: waypost admin password\n");
  return exit_code::ok;
}

int admin_remove_command(const Global& global, const AdminArguments& arguments) {
  auto admins = open_admins(global);
  if (!admins) return admins.error();
  auto removed = (*admins)->remove(arguments.name);
  if (!removed) return report(removed.error());
  if (!global.quiet)
    note(fmt::format("  \"{}\" cannot log in to the dashboard any more.\n", arguments.name));
  return exit_code::ok;
}

}  // namespace waypost::cli
