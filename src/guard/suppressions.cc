#include "guard/suppressions.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "io/completion.h"

namespace waypost::guard {
namespace {

using records::Suppression;
using Entries = Suppressions::Entries;

// Added to memory at once, at the start.
constexpr size_t batch_max = 10'000;

}  // namespace

Suppressions::Suppressions(Store writing, Store reading)
    : writing_(std::move(writing)), reading_(std::move(reading)) {}
Suppressions::~Suppressions() = default;

Result<std::unique_ptr<Suppressions>> Suppressions::open(const std::string& path) {
  TRY(Store writing, records::Suppressions::open(path));
  TRY(Store reading, records::Suppressions::open(path));
  std::unique_ptr<Suppressions> made(new Suppressions(std::move(writing), std::move(reading)));
  Entries batch;
  auto take = [&](const Suppression& entry) {
    batch.push_back(entry);
    if (batch.size() < batch_max) return;
    made->index_.put(batch);
    batch.clear();
  };
  TRY_VOID(made->reading_->visit(take));
  made->index_.put(batch);
  return made;
}

io::Task<Result<uint64_t>> Suppressions::add(io::Loop& here, Entries entries, bool replace) {
  if (entries.empty()) co_return uint64_t{0};
  if (index_.size() + entries.size() > suppressions_max)
    co_return failure(ErrorCode::resource_exhausted,
                      fmt::format("there are {} suppressed addresses, and no room for more: "
                                  "remove some, or let them expire",
                                  index_.size()));
  io::Completion<Result<uint64_t>> done;
  Waiting waiting{std::move(entries), replace, here.wall_now(), {}};
  waiting.done = [&here, &done](const Result<uint64_t>& result) {
    auto sent = std::make_shared<Result<uint64_t>>(result);
    here.post([&done, sent] { done.complete(std::move(*sent)); });
  };
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(waiting));
  }
  writer_.submit([this] { write_waiting(); });
  co_return co_await done;
}

// All that came while the last commit was synced, in one. What a person replaces is not mixed with
// what only adds.
void Suppressions::write_waiting() {
  std::vector<Waiting> taken;
  {
    std::lock_guard lock(mutex_);
    taken = std::exchange(waiting_, {});
  }
  for (size_t begin = 0; begin < taken.size();) {
    size_t end = begin;
    while (end < taken.size() && taken[end].replace == taken[begin].replace) ++end;
    write({taken.data() + begin, end - begin});
    begin = end;
  }
}

void Suppressions::write(std::span<Waiting> callers) {
  Entries all;
  for (const Waiting& caller : callers)
    all.insert(all.end(), caller.entries.begin(), caller.entries.end());
  auto added = writing_->add(all, callers.back().now, callers.front().replace);
  if (added) {
    Entries changed;
    for (size_t i = 0; i < all.size(); ++i)
      if ((*added)[i] == records::Addition::added) changed.push_back(std::move(all[i]));
    index_.put(changed);
  }
  size_t at = 0;
  for (const Waiting& caller : callers) {
    if (!added) {
      caller.done(failure(added.error()));
      continue;
    }
    const auto first = added->begin() + static_cast<ptrdiff_t>(at);
    at += caller.entries.size();
    const auto last = added->begin() + static_cast<ptrdiff_t>(at);
    caller.done(static_cast<uint64_t>(std::count(first, last, records::Addition::added)));
  }
}

io::Task<Result<Entries>> Suppressions::remove(io::Loop& here, std::string key, Scoped scope) {
  std::function<Result<Entries>()> work = [&]() -> Result<Entries> {
    TRY(Entries removed, writing_->remove(key, scope));
    index_.remove(removed);
    return removed;
  };
  co_return co_await io::run_on<Result<Entries>>(writer_, here, std::move(work));
}

io::Task<Result<Entries>> Suppressions::look_up(io::Loop& here, std::string key) {
  std::function<Result<Entries>()> work = [&] { return reading_->find(key); };
  co_return co_await io::run_on<Result<Entries>>(reader_, here, std::move(work));
}

io::Task<Result<Entries>> Suppressions::list(io::Loop& here, records::SuppressionFilter filter,
                                             std::optional<records::SuppressionPlace> after,
                                             uint64_t limit) {
  std::function<Result<Entries>()> work = [&] { return reading_->list(filter, after, limit); };
  co_return co_await io::run_on<Result<Entries>>(reader_, here, std::move(work));
}

}  // namespace waypost::guard
