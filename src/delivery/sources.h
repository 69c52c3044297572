#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/message_id.h"
#include "delivery/settings.h"
#include "io/loop.h"

namespace waypost::delivery {

// Which source a message leaves from.
//
// A message keeps to one source of its pool for as long as it lives, chosen by its id and the
// weights: whoever greylists by address must see the second attempt come from where the first came,
// and a source that is refused somewhere is a matter to mend, not to dodge. Only when a source
// itself does not work (its address is not on this machine, its proxy cannot be reached) it is
// passed over for a minute, and its messages go by the next one of the pool, each by its own order,
// so that they spread over all that are left. A message whose host has only addresses of a family
// that its source has none of goes by the next one, too, and always by the same. What comes and
// goes in a pool moves no more messages than it must (rendezvous hashing). Thread: the loop's.
class Sources {
 public:
  static constexpr Duration passed_over_for = std::chrono::minutes(1);

  struct Choice {
    std::vector<std::shared_ptr<const Source>> usable;  // the one to take first in front
    std::string why_none;                               // when there is none
  };

  Sources(io::Loop& loop, std::shared_ptr<const Settings> settings);
  // Every source gets a new chance.
  void reconfigure(std::shared_ptr<const Settings> settings);

  // `route_pool` is what the route names: it wins over the pool of the stream, and that over the
  // pool of all mail. Never a source outside of the pool.
  Choice choose(const std::string& route_pool, std::string_view stream, MessageId id) const;

  void pass_over(const Source& source, std::string why);
  // Why it is passed over just now.
  std::optional<std::string> trouble(const std::string& source) const;

 private:
  struct Trouble {
    std::string why;
    Instant until;
  };
  const std::string& pool_for(const std::string& route_pool, std::string_view stream) const;
  Choice choose_in(const SourcePool& pool, MessageId id) const;

  io::Loop& loop_;
  std::shared_ptr<const Settings> settings_;
  std::shared_ptr<const Source> plain_;  // where no pool is configured
  std::unordered_map<std::string, std::shared_ptr<const Source>> sources_;
  std::unordered_map<std::string, Trouble> troubles_;
};

// The order in which the message tries the shares of a pool: indexes, the first choice in front.
// Over many messages each share is first as often as its weight says.
std::vector<size_t> order_of_shares(const std::vector<SourcePool::Share>& shares, MessageId id);

}  // namespace waypost::delivery
