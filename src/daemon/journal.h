#pragma once

#include <string>

#include "config/config.h"

namespace waypost::daemon {

// What the relay tells its operator, one line each; the caller decides where it goes.
class Journal {
 public:
  virtual ~Journal() = default;
  virtual void info(const std::string& line) = 0;
  virtual void warning(const std::string& line) = 0;
  virtual void error(const std::string& line) = 0;
  // Lines below it are left out.
  virtual void set_level(config::LogLevel) {}
};

}  // namespace waypost::daemon
