#pragma once

#include <string>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>

namespace waypost::cli {

// Refuses an empty value.
CLI::Validator not_empty();

// An option that narrows what is meant. One with an empty value, as a shell variable that is not
// set leaves it, is refused: taken for an option that is not there, it would mean more mail than
// whoever wrote it.
CLI::Option* add_narrowing(CLI::App& app, const char* name, std::string& to, const char* help,
                           const char* type);

}  // namespace waypost::cli
