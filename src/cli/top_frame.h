#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "cli/site_source.h"
#include "events/event.h"

// What `waypost top` shows, as text and as JSON. Pure.
namespace waypost::cli {

// Something that went wrong with mail, newest first.
struct Problem {
  WallTime at;
  std::string what;  // "deferred", "bounced", "expired"
  std::string recipient;
  std::string site;
  std::string reply;
  std::string reply_class;
  std::string rule;  // `waypost explain` has a page behind it
  std::string remedy;
};
inline constexpr size_t problems_kept_max = 50;

struct TopView {
  WallTime now;
  bool relay_runs = false;
  std::string trouble;  // why the relay did not answer, if so
  RelayState relay;
  double accepted_per_second = 0;
  double delivered_per_second = 0;
  std::vector<Problem> problems;
};

// None for an event that is no problem.
std::vector<Problem> problems_of(const events::Event& event);

// The rates between two answers of the same relay; none when it was started anew in between.
void set_rates(const RelayState& before, Duration between, TopView& view);

// At most `rows` lines of at most `columns` columns, safe for a terminal.
std::vector<std::string> render_top(const TopView& view, size_t columns, size_t rows, bool color);
std::string top_json(const TopView& view);

}  // namespace waypost::cli
