#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/event.h"

namespace waypost::daemon {

// What the doctor found at a site.
struct Diagnosis {
  std::string finding;  // its id: "M3021"
  int rung = 0;         // 1 to 4
  std::string title;
  std::string remedy;  // what to do, in a few words

  // "M3021, the server's certificate has expired: renew it (waypost explain M3021)"
  std::string text() const;
};

// Which sites mail does not get to, and what was found there. It decides only; who asks the doctor
// is Diagnostician. A site is known by its name, or by the recipient's domain where its mail hosts
// could not be found. Thread: the loop's.
class FailingSites {
 public:
  // Attempts that failed before anything could be said about mail, one after the other.
  static constexpr unsigned failures_before = 3;
  // Attempts side by side fail together, and count once.
  static constexpr Duration failures_apart = std::chrono::seconds(1);
  static constexpr Duration again_after = std::chrono::hours(1);
  // Without another failure: its mail was given up, or goes elsewhere.
  static constexpr Duration forgotten_after = std::chrono::hours(6);
  static constexpr size_t sites_max = 1000;

  // Counts what the event says of its site; true when the site is to be looked at now.
  bool hear(const events::Event& event, Instant now);
  // It is being looked at: not again for `again_after`, whatever comes of it.
  void look(const std::string& site, Instant now);
  // What came of it; nothing: all that was walked is in order now.
  void note(const std::string& site, std::optional<Diagnosis> diagnosis);
  // Whatever was heard last `forgotten_after` ago.
  void tidy(Instant now);
  void forget_all() { sites_.clear(); }

  // By the name of the site and, where that is empty, the domain; null where nothing was found.
  const Diagnosis* of(std::string_view site, std::string_view domain) const;
  // The same for what an attempt came to: null where it got further than what was found broken.
  const Diagnosis* of(const events::Event& event) const;
  // All that is broken, for the health: a few sites by name, and how many more; none for none.
  std::optional<std::string> trouble() const;

 private:
  struct Site {
    unsigned failures = 0;
    Instant last_failure;
    std::optional<Instant> looked_at;
    std::optional<Diagnosis> diagnosis;
  };
  std::map<std::string, Site, std::less<>> sites_;
};

// How FailingSites knows the site of an event; empty for one about no recipient.
std::string site_of(const events::Event& event);
// Whether the reply of an event came from a server, and is no sentence of ours.
bool is_reply(std::string_view text);

}  // namespace waypost::daemon
