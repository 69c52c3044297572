#include "api/recent_replies.h"

#include <algorithm>

namespace waypost::api {
namespace {

using events::EventKind;

constexpr size_t reply_octets_max = 1000;

bool tells_of_failure(const events::Event& event) {
  return event.kind == EventKind::deferred || event.kind == EventKind::bounced ||
         event.kind == EventKind::late_bounced;
}

}  // namespace

void RecentReplies::heard(const events::Event& event) {
  if (event.site.empty() || event.reply.empty() || !tells_of_failure(event)) return;
  if (sites_.size() >= sites_max && !sites_.contains(event.site))
    sites_.erase(std::min_element(sites_.begin(), sites_.end(), [](auto& one, auto& other) {
      return one.second.front().at < other.second.front().at;
    }));
  std::deque<RecentReply>& replies = sites_[event.site];
  replies.push_front({event.at, std::string(events::name(event.kind)),
                      event.message ? event.message->text() : std::string(),
                      event.recipients.empty() ? std::string() : event.recipients.front(),
                      event.recipients.size(), event.reply.substr(0, reply_octets_max),
                      event.cause.reply_class, event.peer.host});
  if (replies.size() > replies_max) replies.pop_back();
}

const std::deque<RecentReply>& RecentReplies::of(const std::string& site) const {
  static const std::deque<RecentReply> none;
  const auto found = sites_.find(site);
  return found == sites_.end() ? none : found->second;
}

}  // namespace waypost::api
