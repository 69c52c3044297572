#include "spool/memory_store.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace waypost::spool {

constexpr Duration update_sync_after = update_sync_delay_max / 2;

class MemoryCursor final : public Cursor {
 public:
  explicit MemoryCursor(const SpoolMedium& medium, Family family)
      : contents_(medium.written_[size_t(family)]), at_(contents_.begin()) {}
  void seek(std::string_view key) override { at_ = contents_.lower_bound(key); }
  bool valid() const override { return at_ != contents_.end(); }
  void next() override { ++at_; }
  std::string_view key() const override { return at_->first; }
  std::string_view value() const override { return *at_->second; }
  Result<void> state() const override { return {}; }

 private:
  const SpoolMedium::Contents::value_type& contents_;
  SpoolMedium::Contents::value_type::const_iterator at_;
};

void SpoolMedium::power_cut(io::Rng& rng) {
  kill();
  uint64_t left = rng.next() % (unsynced_.size() + 1);
  synced_up_to(appended_ - unsynced_.size() + left);
  unsynced_.clear();
  written_ = synced_;
}

void SpoolMedium::overwrite(Family family, const std::string& key, std::string value) {
  auto shared = std::make_shared<const std::string>(std::move(value));
  written_[size_t(family)][key] = shared;
  synced_[size_t(family)][key] = std::move(shared);
}

void SpoolMedium::apply(const std::vector<Change>& changes, Contents& contents) {
  for (const Change& change : changes) {
    auto& family = contents[size_t(change.family)];
    if (change.kind == Operation::Kind::put)
      family.insert_or_assign(change.key, change.value);
    else
      family.erase(change.key);
  }
}

void SpoolMedium::append(std::vector<Operation> operations) {
  std::vector<Change> changes;
  changes.reserve(operations.size());
  for (Operation& operation : operations) {
    // RocksDB's SingleDelete leaves the older value of a key that was put twice: never do it.
    CHECK(operation.kind != Operation::Kind::put || operation.family == Family::progress ||
          !written_[size_t(operation.family)].contains(operation.key));
    changes.push_back({operation.kind, operation.family, std::move(operation.key),
                       std::make_shared<const std::string>(std::move(operation.value))});
  }
  apply(changes, written_);
  unsynced_.push_back(std::move(changes));
  ++appended_;
}

void SpoolMedium::synced_up_to(uint64_t written) {
  while (!unsynced_.empty() && appended_ - unsynced_.size() < written) {
    apply(unsynced_.front(), synced_);
    unsynced_.pop_front();
  }
}

MemoryStore::MemoryStore(SpoolMedium& medium, io::Loop& loop)
    : medium_(medium),
      loop_(loop),
      process_(medium.process_),
      turn_(loop.timers()),
      sync_(loop.timers()),
      update_sync_(loop.timers()) {
  medium_.synced_up_to(medium_.appended_);
  auto sweep = sweep_operations(*this);
  CHECK(sweep);  // nothing in memory can fail to be read
  medium_.append(*std::move(sweep));
}

void MemoryStore::submit(Batch batch) {
  waiting_.push_back(std::move(batch));
  if (!turn_.pending() && !sync_.pending()) turn_.start(loop_.now(), [this] { write_waiting(); });
}

void MemoryStore::read(Family family, std::string key, io::Loop&,
                       std::shared_ptr<Answer<Result<std::string>>> answer) {
  if (dead()) return;
  const auto& contents = medium_.written_[size_t(family)];
  auto found = contents.find(key);
  if (found == contents.end())
    return answer->give(failure(ErrorCode::not_found, "not in the spool"));
  answer->give(*found->second);
}

std::unique_ptr<Cursor> MemoryStore::scan(Family family) const {
  return std::make_unique<MemoryCursor>(medium_, family);
}

void MemoryStore::write_waiting() {
  if (dead()) return;
  group_ = std::exchange(waiting_, {});
  if (!healthy_)
    return give(
        failure(ErrorCode::unavailable, "the spool has failed before: it must be opened anew"));
  if (std::exchange(medium_.write_fails_, false)) {
    healthy_ = false;
    return give(failure(ErrorCode::resource_exhausted, "the disk is full"));
  }
  bool durable = false;
  for (Batch& batch : group_) {
    durable |= batch.durability == Durability::before_answer;
    unsynced_updates_ |= batch.durability == Durability::bounded;
    medium_.append(std::move(batch.operations));
  }
  if (durable) return start_sync();
  if (unsynced_updates_ && !update_sync_.pending())
    update_sync_.start(loop_.now() + update_sync_after, [this] {
      if (!dead() && healthy_ && unsynced_updates_ && !sync_.pending()) start_sync();
    });
  give({});
}

void MemoryStore::start_sync() {
  unsynced_updates_ = false;
  sync_covers_ = medium_.appended_;
  if (medium_.options_.mutation == Mutation::acknowledge_before_sync) give({});
  sync_.start(loop_.now() + medium_.options_.sync_time, [this] { finish_sync(); });
}

void MemoryStore::finish_sync() {
  if (dead()) return;
  ++medium_.syncs_;
  if (std::exchange(medium_.sync_fails_, false)) {
    healthy_ = false;
    give(failure(ErrorCode::io_failure, "the sync failed"));
  } else {
    medium_.synced_up_to(sync_covers_);
    give({});
  }
  if (!waiting_.empty()) write_waiting();
}

void MemoryStore::give(const Result<void>& result) {
  for (Batch& batch : std::exchange(group_, {}))
    if (batch.answer)
      batch.loop->post([answer = std::move(batch.answer), result] { answer->give(result); });
}

}  // namespace waypost::spool
