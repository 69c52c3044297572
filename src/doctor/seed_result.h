#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace waypost::doctor {

// Where the message landed in a mailbox of our own.
enum class SeedPlace { inbox, tab, junk, folder, not_found, unknown };
// "inbox", "tab", "junk", "folder", "not-found", "unknown".
std::string_view name(SeedPlace place);

// What was learnt from one seed.
struct SeedResult {
  std::string id;
  std::string address;
  SeedPlace place = SeedPlace::unknown;
  std::string folder = {};               // as the server names it; octets from outside
  std::string tab = {};                  // Gmail's, "promotions" ...
  std::vector<std::string> labels = {};  // Gmail's; octets from outside
  // When it arrived behind the 250: not yet at the first, at the second. Nobody sees it sooner than
  // we look.
  std::optional<Duration> after_least = {};
  std::optional<Duration> after_most = {};
  std::optional<WallTime> received = {};  // as the server wrote it down: whole seconds, its clock
  // What the topmost Authentication-Results of the receiver say: "pass", "fail" ...; "" for
  // nothing.
  std::string authserv_id = {};
  std::string spf = {};
  std::string dkim = {};
  std::string dmarc = {};
  std::string remark = {};  // where it could not be removed although that was wanted

  // "ann: in the inbox 0 to 1.2 s after the 250; SPF pass, DKIM pass", for people.
  std::string line() const;
};

}  // namespace waypost::doctor
