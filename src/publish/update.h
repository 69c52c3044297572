#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "io/loop.h"
#include "io/network.h"
#include "publish/plan.h"
#include "publish/tsig.h"

// Changes sent to the server of a zone (RFC 2136).
namespace waypost::publish {

// At one name, of one type. Records are given as their data.
struct Change {
  std::string name;
  uint16_t type = 0;
  // What the server had when the change was planned; exactly that must still be there, and no CNAME
  // (RFC 2136 §2.4). None: it does not matter.
  std::optional<std::vector<std::string>> before;
  std::vector<std::string> removed;
  std::string added;  // "" adds nothing
};

struct Update {
  std::string zone;
  std::vector<Change> changes;
};

// The message, still without a signature.
std::string update_message(uint16_t id, const Update& update);

namespace update_rcode {
inline constexpr int done = 0;
}

struct UpdateAnswer {
  int rcode = update_rcode::done;
  TsigAnswer signature;

  // All of it is in the zone, and it was the server that said so.
  bool done() const { return rcode == update_rcode::done && signature.verified; }
};

// In a sentence or two: what it means and what to do. `now` is ours.
std::string in_words(const UpdateAnswer& answer, const Update& update, const TsigKey& key,
                     WallTime now);

// All changes or none. Fails as dns::exchange() does; what the server says is an answer. `key`
// outlives the task.
io::Task<Result<UpdateAnswer>> send_update(io::Loop& loop, io::Network& network, Endpoint server,
                                           Update update, const TsigKey& key, Instant deadline);

}  // namespace waypost::publish
