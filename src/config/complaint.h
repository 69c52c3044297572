#pragma once

#include <map>
#include <string>
#include <string_view>

#include "config/notebook.h"

// What the checks of a whole configuration say it with.
namespace waypost::config {

struct Complaint {
  std::string message;
  std::string expected;
  std::string help;
};

void refuse_at(Notebook& notebook, const Place& place, Complaint complaint);
void warn_at(Notebook& notebook, const Place& place, Complaint complaint);

// "route[0]".
std::string item(std::string_view section, size_t index);

// The place of the first of the two that somebody wrote.
Place first_written(const Notebook& notebook, const std::string& a, const std::string& b);

// Finds what two tables share; `seen` maps it to the first place.
void check_once(Notebook& notebook, std::map<std::string, Place>& seen, const std::string& value,
                const Place& place, std::string_view table, std::string_view what);

}  // namespace waypost::config
