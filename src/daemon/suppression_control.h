#pragma once

#include <boost/json/object.hpp>

#include "daemon/control.h"
#include "guard/suppressions.h"

namespace waypost::daemon {

// Answers what people ask and say of the addresses that are not written to
// (docs/format/control.md). Thread: the loop's.
class SuppressionControl {
 public:
  SuppressionControl(io::Loop& loop, guard::Suppressions& list) : loop_(loop), list_(list) {}

  // This outlives the server.
  void answer_at(ControlServer& server);

 private:
  io::Task<void> list(boost::json::object request, ControlAnswer& answer);
  io::Task<void> show(boost::json::object request, ControlAnswer& answer);
  io::Task<void> add(boost::json::object request, ControlAnswer& answer);
  io::Task<void> remove(boost::json::object request, ControlAnswer& answer);

  io::Loop& loop_;
  guard::Suppressions& list_;
};

}  // namespace waypost::daemon
