#pragma once

#include <optional>
#include <string>
#include <vector>

#include "publish/judge.h"
#include "publish/look.h"
#include "publish/plan.h"
#include "publish/update.h"

// What the commands do, from the first question to the result.
namespace waypost::publish {

struct Verification {
  Plan plan;
  std::vector<RecordReport> records;

  bool good() const;     // a receiver sees every record
  bool unknown() const;  // nobody answered for one of them
};

// Asks each of `authorities`, or those of the zone when there are none, and the resolver, for every
// record that `needs` leads to, and compares. Fails as find_authorities() does, and where the name
// system does not answer at all. A server that is silent for five seconds is not asked further.
io::Task<Result<Verification>> verify(Vantage vantage, Needs needs,
                                      std::vector<NameServer> authorities, Instant deadline);

struct Publication {
  Plan plan;
  Update update;
  std::optional<UpdateAnswer> answer;  // none: nothing was to be changed, or a problem stands there
};

// Plans from what `server`, the primary of the zone, has now, and changes it there. Nothing is
// changed when the plan has problems, an alias at a name among them, or when somebody else changed
// the records meanwhile. `key` outlives the task.
io::Task<Result<Publication>> publish_update(Vantage vantage, Needs needs, Endpoint server,
                                             const TsigKey& key, Instant deadline);

// Takes the records of keys out; one that holds another key stays. Fails when the server does not
// show what it has.
io::Task<Result<Publication>> withdraw_update(Vantage vantage, std::string domain,
                                              std::vector<Key> keys, Endpoint server,
                                              const TsigKey& key, Instant deadline);

}  // namespace waypost::publish
