#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "guard/suppression_index.h"
#include "io/loop.h"
#include "io/task.h"
#include "io/worker.h"
#include "records/suppressions.h"

namespace waypost::guard {

inline constexpr uint64_t suppressions_max = 20'000'000;

using Scoped = std::optional<std::pair<records::SuppressionScope, std::string>>;

// The addresses that are not written to, while the relay runs: asked from memory, kept in the
// database on threads of its own, one that writes and one that reads, so that a long list holds up
// no addition. Every loop shares one. Any thread, but open() and the
// destructor, which runs what was begun; the loops that await it outlive it.
class Suppressions {
 public:
  using Entries = std::vector<records::Suppression>;

  // Reads all of it; blocks. Fails as records::Suppressions does.
  static Result<std::unique_ptr<Suppressions>> open(const std::string& path);
  ~Suppressions();

  // Why that is not to be sent, if so.
  std::optional<Suppressed> find(const Question& question, WallTime now) const {
    return index_.find(question, now);
  }
  size_t size() const { return index_.size(); }

  // When it returns they are on stable storage, and hold from then on for all loops; the answer is
  // how many are new. What waits while others are written shares the next commit. `here` is the
  // caller's loop. resource_exhausted when there would be more than suppressions_max.
  io::Task<Result<uint64_t>> add(io::Loop& here, Entries entries, bool replace);
  io::Task<Result<Entries>> remove(io::Loop& here, std::string key, Scoped scope);
  io::Task<Result<Entries>> look_up(io::Loop& here, std::string key);
  io::Task<Result<Entries>> list(io::Loop& here, records::SuppressionFilter filter,
                                 std::optional<records::SuppressionPlace> after, uint64_t limit);

  // Waits for what was begun. For a caller whose waiting frames go next; blocks.
  void finish() {
    writer_.finish();
    reader_.finish();
  }

 private:
  // One caller of add(), who waits.
  struct Waiting {
    Entries entries;
    bool replace;
    WallTime now;
    std::function<void(Result<uint64_t>)> done;
  };
  using Store = std::unique_ptr<records::Suppressions>;
  Suppressions(Store writing, Store reading);
  void write_waiting();
  void write(std::span<Waiting> callers);

  SuppressionIndex index_;
  Store writing_;  // on the writer alone
  Store reading_;  // on the reader alone
  std::mutex mutex_;
  std::vector<Waiting> waiting_;
  // Last: their work uses all of the above.
  io::Worker writer_{"waypost-suppr"};
  io::Worker reader_{"waypost-supprl"};
};

}  // namespace waypost::guard
