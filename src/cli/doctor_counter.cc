#include "cli/doctor_counter.h"

#include <fmt/format.h>

#include "cli/terminal.h"
#include "cli/terminal_text.h"

namespace waypost::cli {
namespace {

constexpr std::chrono::seconds shown_after{2};
constexpr std::chrono::seconds interval{1};
constexpr size_t columns_max = 79;

}  // namespace

std::string waiting_line(const doctor::Evidence* last, Duration waited) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(waited).count();
  std::string what = "waiting for an answer";
  if (last != nullptr && last->kind == doctor::Evidence::Kind::sent)
    what = "no answer yet to " + terminal_text(last->text);
  std::string line = fmt::format("  {} s: {}", seconds, what);
  if (line.size() > columns_max) line.resize(columns_max);
  return line;
}

WaitCounter::WaitCounter(io::Loop& loop, const doctor::EvidenceLog& evidence, bool shown)
    : loop_(loop), evidence_(evidence), timer_(loop.timers()) {
  if (shown) timer_.start(loop.now() + interval, [this] { tick(); });
}

void WaitCounter::tick() {
  const auto& all = evidence_.all();
  const Instant since = evidence_.began() + (all.empty() ? Duration(0) : all.back().at);
  const Duration waited = loop_.now() - since;
  clear();
  if (waited >= shown_after) {
    const std::string line = waiting_line(all.empty() ? nullptr : &all.back(), waited);
    columns_ = line.size();
    note(line);
  }
  timer_.start(loop_.now() + interval, [this] { tick(); });
}

void WaitCounter::clear() {
  // Blanks, so that a terminal without commands has a clean line, too.
  if (columns_ > 0) note("\r" + std::string(columns_, ' ') + "\r");
  columns_ = 0;
}

void WaitCounter::stop() {
  timer_.cancel();
  clear();
}

}  // namespace waypost::cli
