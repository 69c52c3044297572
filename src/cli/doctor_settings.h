#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "doctor/walk.h"
#include "settings/settings.h"

namespace waypost::cli {

// Reads another program's settings file, whose kind shows by its name or its content. Failures name
// the file, and the line where there is one; they quote no value.
Result<settings::Settings> load_program_settings(const std::string& path);

// What the file says, as the doctor walks it. What the file takes from elsewhere, an environment
// variable for one, stays unset. Takes the password out of `settings`.
doctor::Request request_of(settings::Settings& settings);

// What is odd about the file as it is written: "FILE:3:9: host: a space at the end (M1009)".
std::vector<std::string> odd_settings(const settings::Settings& settings);

// What the file takes from the environment or another place, and what is taken for it:
// "FILE:3:9: host: comes from the environment variable SMTP_HOST, which is not read".
std::vector<std::string> settings_from_elsewhere(const settings::Settings& settings);

// A way out as lines of the file.
struct FileFix {
  std::string lines;   // empty where there is none, or where the file cannot say it
  bool works = false;  // it was tried in this run
};

// The first that was tried and works, else the first that nobody tried.
FileFix fix_in_file(const settings::Settings& settings, const doctor::Report& report);

// As the hints of rules/checks name it: "django", "wp-mail-smtp".
std::string program_of(settings::Dialect dialect);

}  // namespace waypost::cli
