#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "shaping/limits.h"

namespace waypost::queue {

// A lower limit of a site, which a person sets for a time. It never lifts what the configuration
// or a provider's rules say: the lowest counts. 0 leaves a limit as it is.
struct AskedLimit {
  std::string site;  // its name; it need not be known
  unsigned connections = 0;
  unsigned connections_per_minute = 0;
  double messages_per_second = 0;
  unsigned messages_per_hour = 0;
  unsigned messages_per_day = 0;
  std::string by;      // who wanted it, as they said
  std::string reason;  // theirs
  WallTime since;
  WallTime until;  // it ends by itself: nobody has to think of it

  // "set by ann until 2026-11-21T14:32:00Z": whose limit it is, wherever one is named.
  std::string origin() const;
  // "at most 2 connections at a time and 5 messages a second"
  std::string limits_text() const;
  // One sentence for people.
  std::string text() const;
  // What it sets, each with its origin; nothing else is set.
  shaping::SiteLimits most() const;
  bool operator==(const AskedLimit&) const = default;
};

inline constexpr size_t asked_limits_max = 1000;
inline constexpr size_t asked_limit_text_octets_max = 500;
inline constexpr Duration asked_limit_lasts = std::chrono::hours(1);  // if nobody says for how long
inline constexpr Duration asked_limit_lasts_max = std::chrono::days(7);

// One thing that can be limited so.
template <class T>
struct AskedKey {
  std::string_view name;
  T AskedLimit::*asked;
  shaping::Sourced<T> shaping::SiteLimits::*limit;
  T least;
  T most;
  std::string_view words;  // behind a number
};

// Calls visit(AskedKey) for each.
template <class Visit>
void each_asked(Visit visit) {
  using A = AskedLimit;
  using L = shaping::SiteLimits;
  using Count = AskedKey<unsigned>;
  visit(Count{"connections", &A::connections, &L::connections, 1, 10'000, "connections at a time"});
  visit(Count{"connections_per_minute", &A::connections_per_minute, &L::connections_per_minute, 1,
              1'000'000, "new connections a minute"});
  visit(AskedKey<double>{"messages_per_second", &A::messages_per_second, &L::messages_per_second,
                         0.001, 100'000, "messages a second"});
  visit(Count{"messages_per_hour", &A::messages_per_hour, &L::messages_per_hour, 1, 1'000'000'000,
              "messages an hour"});
  visit(Count{"messages_per_day", &A::messages_per_day, &L::messages_per_day, 1, 1'000'000'000,
              "messages a day"});
}

// Refuses one that sets nothing, or lasts for no time or for longer than asked_limit_lasts_max;
// invalid_input with a sentence for people.
Result<void> check(const AskedLimit& limit);

}  // namespace waypost::queue
