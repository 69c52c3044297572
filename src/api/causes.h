#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "api/history.h"
#include "events/event.h"

// Why mail was put off or came back, over time, in memory. Pure.
namespace waypost::api {

// Recipients that met one cause at one provider.
struct CauseCount {
  std::string cause;  // class of replies: "mailbox-full"
  std::string provider;
  uint64_t deferred = 0;
  uint64_t bounced = 0;
  WallTime first_seen;
  WallTime last_seen;
  // The newest of them: an attempt that can be looked at.
  std::string message;
  std::string recipient;
  std::string reply;
  std::string host;
};

// Minute by minute for an hour, hour by hour for 30 days. At most entries_max of cause and
// provider: those that come later count for `other_provider`, or not at all. Thread: the loop's.
class Causes {
 public:
  static constexpr size_t entries_max = 400;
  // Of an event: its site, or records::no_site.
  static std::string provider_of(const events::Event& event);

  // What was deferred or bounced; other events are passed over.
  void heard(const events::Event& event);
  // Counts the recipients of the event under that cause.
  void count(const std::string& cause, Series series, const events::Event& event);
  // The clock was set back: what is newer never was.
  void forget_after(WallTime time);
  // Those of a window, in no order.
  std::vector<CauseCount> in(Window window, WallTime now) const;

 private:
  struct Entry {
    Ring minutes;
    Ring hours;
    CauseCount newest;
  };
  using Place = std::pair<std::string, std::string>;
  Entry* entry_of(const std::string& cause, const std::string& provider);

  std::map<Place, Entry> entries_;
};

}  // namespace waypost::api
