#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "delivery/route.h"
#include "events/event.h"
#include "io/loop.h"

namespace waypost::delivery {

// Which of its ports a route goes by.
//
// That is the first one, until it does not answer and another takes mail: then the other one, for
// all mail of the route from the same source. After a while one attempt looks whether the first
// answers again, while the rest goes on as before; once it takes mail, all goes back to it. An
// answer that says no is an answer: only a port where nobody answers is left. All of it is
// remembered for each source, since what one cannot reach another may. Thread: the loop's.
class Ports {
 public:
  static constexpr Duration first_again_after = std::chrono::minutes(15);

  // The ports of one attempt, in the order in which it tries them.
  class Plan {
   public:
    // The one to try now.
    const std::shared_ptr<const Route>& route() const { return ports_[at_]; }
    // It came to this: whether there is another to try.
    bool go_on(events::Outcome outcome);
    // After the last: what the attempt came to, with a word about each port.
    events::Outcome outcome() &&;

   private:
    friend class Ports;
    struct Failure {
      uint16_t port;
      events::Outcome outcome;
    };
    std::vector<std::shared_ptr<const Route>> ports_;
    size_t at_ = 0;
    uint16_t first_ = 0;
    uint16_t in_use_ = 0;
    bool looks_again_ = false;  // at the first port, though another is in use
    std::vector<Failure> failures_;
  };

  explicit Ports(io::Loop& loop) : loop_(loop) {}

  // Other settings: every route begins with its first port.
  void forget() { others_.clear(); }

  // The route by the port that is in use just now.
  std::shared_ptr<const Route> in_use(const std::shared_ptr<const Route>& route,
                                      const Source& source) const;
  Plan plan(const std::shared_ptr<const Route>& route, const Source& source);
  // The port to try now takes mail: what that changes for all mail of the route, as an event
  // without its site.
  std::optional<events::Event> takes_mail(const Plan& plan, const Route& route,
                                          const Source& source);

  // A route that goes by another port than its first.
  struct Other {
    events::PortSwitch ports;  // from the first to the one in use
    std::string source;
    std::string reason;
    Instant first_again_at;
  };
  std::vector<Other> others() const;

 private:
  using Key = std::pair<std::string, std::string>;  // ids of route and source
  uint16_t port_in_use(const Route& route, const Source& source) const;
  events::Event switch_to(const Route& first, const Source& source, uint16_t to,
                          std::string reason);

  io::Loop& loop_;
  std::map<Key, Other> others_;
};

}  // namespace waypost::delivery
