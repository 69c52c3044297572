#include "cli/progress.h"

#include <array>
#include <unistd.h>

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::cli {
namespace {

constexpr Duration on_terminals = std::chrono::seconds(1);
constexpr Duration elsewhere = std::chrono::seconds(30);

}  // namespace

Progress::Progress(const Global& global)
    : quiet_(global.quiet), terminal_(::isatty(STDERR_FILENO) == 1), shown_at_(clock_.now()) {}

Progress::~Progress() {
  if (shown_ && terminal_) note("\r\x1b[K");
}

void Progress::show(std::string_view text) {
  if (quiet_) return;
  Instant now = clock_.now();
  if (now - shown_at_ < (terminal_ ? on_terminals : elsewhere)) return;
  shown_at_ = now;
  shown_ = true;
  const std::string safe = base::escape_control(text);
  note(terminal_ ? fmt::format("\r\x1b[K  {}", safe) : fmt::format("  {}\n", safe));
}

std::string octets_text(uint64_t octets) {
  constexpr std::array<const char*, 5> units{"kB", "MB", "GB", "TB", "PB"};
  if (octets < 1000) return fmt::format("{} octets", octets);
  double amount = double(octets) / 1000;
  size_t unit = 0;
  for (; amount >= 999.95 && unit + 1 < units.size(); ++unit) amount /= 1000;
  return fmt::format("{:.1f} {}", amount, units[unit]);
}

}  // namespace waypost::cli
