#pragma once

#include <functional>
#include <string>

#include <CLI/App.hpp>

#include "base/result.h"
#include "cli/terminal.h"
#include "queue/asked_limit.h"

// A lower limit of a site, for a time.
namespace waypost::cli {

struct LimitArguments {
  queue::AskedLimit asked;  // without its times
  std::string lasts;        // "30m"; empty: an hour
};

// What those options write into; lives as long as the parser.
struct LimitLine {
  const Global& global;
  std::function<int()>& command;  // the one that was chosen
  LimitArguments limit = {};
};

// `limit` and `unlimit`.
void add_limit_commands(CLI::App& app, LimitLine& line);

// What the relay is asked. Pure.
Result<std::string> limit_request(const LimitArguments& arguments, const std::string& by);
std::string unlimit_request(const std::string& site, const std::string& by);

}  // namespace waypost::cli
