#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "config/keys.h"

namespace waypost::config {

struct Section {
  std::string_view name;  // "" for the top of the file
  bool is_repeated;       // [[name]]
  std::vector<KeyText> keys;
  std::function<void(Notebook&, const Node&, Config&)> read;
};

// Every table of the configuration, in the order of the documentation; the first is the top of the
// file.
const std::vector<Section>& sections();

// Null when there is no such table.
const Section* find_section(std::string_view name);

}  // namespace waypost::config
