#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace waypost::shaping {

// A stream of mail that has a lane of its own at every site.
struct StreamRule {
  std::string name;
  // Its part of the turns at a site while others wait there too; above 0, all together below 1.
  double share = 0.5;
  // The part of each site's pace and connections that is kept free for it, even while it wants
  // nothing; 0 to below 1, all together.
  double reserve = 0;
};

// Which mail has which lane. Lane 0 is for all mail without a rule of its own, and has the share
// that the others leave. Pure.
class StreamTable {
 public:
  StreamTable() = default;
  explicit StreamTable(std::vector<StreamRule> rules);

  bool has_lanes() const { return !rules_.empty(); }  // beside lane 0
  size_t lane_of(std::string_view stream) const;
  // Of every lane; their sum is 1.
  std::vector<double> shares() const;

  // Something is kept free for this lane. Such lanes use what is kept free together; all others
  // leave it to them.
  bool is_urgent(size_t lane) const { return lane > 0 && rules_[lane - 1].reserve > 0; }
  // What is kept free, all together.
  double reserve() const;
  // Of `slots` connections, those that only urgent lanes may have: at least one where something is
  // kept free, but never the only one.
  unsigned kept_slots(unsigned slots) const;

 private:
  std::vector<StreamRule> rules_;  // lane n is the rule n - 1
};

}  // namespace waypost::shaping
