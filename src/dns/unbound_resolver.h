#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "dns/resolver.h"
#include "io/disk.h"
#include "io/loop.h"

namespace waypost::dns {

struct ResolverOptions {
  // Asked for everything. Without it: the servers of /etc/resolv.conf, and /etc/hosts for the
  // addresses of the names in it.
  std::optional<Endpoint> forward_to;
  // Lines of a zone file, "mx.lab.test. A 192.0.2.1", for a lab. The last label of each owner name
  // (here "test") belongs to the lab as a whole: a name under it that no line has does not exist,
  // and no question about it ever leaves the machine.
  std::vector<std::string> records;
};

// libunbound with its cache and its own thread. One for the process; shards share it, and it
// outlives their resolvers.
// Limits: no DNSSEC trust anchor is set, so `Answer::secure` is always false.
class UnboundContext {
 public:
  struct Parts;

  // Reads the system's files through `disk`. Fails with invalid_input and the record that does not
  // parse; with dns when the system names no server to ask.
  static Result<std::unique_ptr<UnboundContext>> create(const ResolverOptions& options,
                                                        io::Disk& disk);
  ~UnboundContext();
  UnboundContext(const UnboundContext&) = delete;
  UnboundContext& operator=(const UnboundContext&) = delete;

  Parts& parts() { return *parts_; }

 private:
  explicit UnboundContext(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// Looks up for the shard of `loop`, which outlives it. A question whose deadline passed ends as
// timed_out; its answer, when it still comes, goes into the cache only. At most the first 64
// records of an answer are used.
std::unique_ptr<Resolver> make_resolver(UnboundContext& context, io::Loop& loop);

}  // namespace waypost::dns
