#pragma once

#include <deque>
#include <map>
#include <string>

#include "base/time.h"
#include "events/event.h"

// What servers said when they did not take mail: the newest of each site, in memory. Pure.
namespace waypost::api {

// One attempt, or a bounce that came back of what their server had taken.
struct RecentReply {
  WallTime at;
  std::string kind;       // of the event: "deferred"
  std::string message;    // its id; empty for none
  std::string recipient;  // the first of those that it is about
  size_t recipients = 0;
  std::string reply;  // or what happened instead of one
  std::string reply_class;
  std::string host;
};

// Of at most sites_max sites; of more, the one that was silent for longest is forgotten.
class RecentReplies {
 public:
  static constexpr size_t replies_max = 10;  // of a site
  static constexpr size_t sites_max = 500;

  void heard(const events::Event& event);
  // The newest first; none of a site of which nothing was heard.
  const std::deque<RecentReply>& of(const std::string& site) const;

 private:
  std::map<std::string, std::deque<RecentReply>> sites_;
};

}  // namespace waypost::api
