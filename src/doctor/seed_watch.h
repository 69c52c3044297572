#pragma once

#include <optional>
#include <vector>

#include "doctor/seed_judge.h"
#include "doctor/walk.h"

namespace waypost::doctor {

// Looks into each seed that got a message, all at once, each on a thread of its own, until the
// message is there or `request.seeds.wait` is over since it was taken. Takes the seeds out of
// `request`. What it finds stands in the order of the file.
class SeedWatch {
 public:
  SeedWatch(Context& context, Request& request, const Session& session);

  bool is_needed() const { return !watched_.empty(); }
  io::Task<void> run();
  void judge(RungResult& result) const;

 private:
  struct Watched {
    seeds::Seed seed;
    SentMessage sent;
    SeedResult seen = {};
    std::string authserv_id = {};  // of the seed, which the mailbox takes
    std::optional<seeds::Sighting> sighting = {};
    std::optional<Error> error = {};
  };
  io::Task<void> watch(Watched& one);
  io::Task<std::vector<IpAddress>> addresses_of(std::string host);
  void withhold(const seeds::Seed& seed);
  void judge_found(const Watched& one, SeedResult& seen, RungResult& result) const;

  Context& context_;
  SeedWait wait_;
  std::vector<Watched> watched_;
};

}  // namespace waypost::doctor
