#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace waypost::demo {

struct CaptureOptions {
  std::string data_dir;               // empty: a temporary folder, which goes away at the end
  std::optional<uint16_t> port;       // for SMTP; none: 1025
  std::optional<uint16_t> http_port;  // none: 8025
};

// `waypost serve --capture`: a relay on loopback that takes mail from every program here, keeps it
// and shows it in the dashboard, and sends none of it to anybody. Runs until SIGINT or SIGTERM and
// returns the exit code.
int capture(const CaptureOptions& options);

}  // namespace waypost::demo
