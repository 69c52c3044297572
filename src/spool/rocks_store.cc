#include "spool/rocks_store.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <variant>

#include "spool/handover.h"
#include "spool/rocks_database.h"

namespace waypost::spool {
namespace {

// Bounds the copy that is made of what is pending; more waits for the next record.
constexpr size_t record_octets_max = 32 * 1024 * 1024;

// Half of what is promised, so that the sync itself and a write before it fit into the rest.
constexpr Duration update_sync_after = update_sync_delay_max / 2;

constexpr Duration mark_after = std::chrono::seconds(1);
constexpr Duration room_interval = std::chrono::seconds(10);

size_t octets_of(const Batch& batch) {
  size_t octets = 0;
  for (const Operation& operation : batch.operations)
    octets += operation.key.size() + operation.value.size();
  return octets;
}

bool any_has(const std::vector<Batch>& batches, Durability durability) {
  return std::any_of(batches.begin(), batches.end(),
                     [&](const Batch& batch) { return batch.durability == durability; });
}

bool removes_body(const std::vector<Batch>& batches) {
  for (const Batch& batch : batches)
    for (const Operation& operation : batch.operations)
      if (operation.family == Family::bodies && operation.kind != Operation::Kind::put) return true;
  return false;
}

// All callers of one loop are answered in one message to it.
void give_answers(std::vector<Batch> batches, const Result<void>& result) {
  std::vector<std::pair<io::Loop*, std::vector<std::shared_ptr<Answer<Result<void>>>>>> by_loop;
  for (Batch& batch : batches) {
    if (!batch.answer) continue;
    auto same_loop = [&](const auto& entry) { return entry.first == batch.loop; };
    auto place = std::find_if(by_loop.begin(), by_loop.end(), same_loop);
    if (place == by_loop.end()) place = by_loop.insert(place, {batch.loop, {}});
    place->second.push_back(std::move(batch.answer));
  }
  for (auto& [loop, answers] : by_loop)
    loop->post([answers = std::move(answers), result] {
      for (const auto& answer : answers) answer->give(result);
    });
}

}  // namespace

Result<std::unique_ptr<RocksStore>> RocksStore::open(const RocksOptions& options) {
  auto healthy = std::make_shared<std::atomic<bool>>(true);
  TRY(auto database, RocksDatabase::open(options, [healthy] { healthy->store(false); }));
  std::unique_ptr<RocksStore> store(new RocksStore(std::move(database), healthy));
  Batch sweep;
  TRY(sweep.operations, sweep_operations(*store));
  if (!sweep.operations.empty()) TRY_VOID(store->database_->write({&sweep, 1}, false));
  return store;
}

Result<std::unique_ptr<RocksStore>> RocksStore::open_read_only(const std::string& path,
                                                               bool pass_over_damage) {
  RocksOptions options;
  options.path = path;
  options.pass_over_damage = pass_over_damage;
  TRY(auto database, RocksDatabase::open_read_only(options));
  auto healthy = std::make_shared<std::atomic<bool>>(false);
  return std::unique_ptr<RocksStore>(new RocksStore(std::move(database), std::move(healthy)));
}

RocksStore::RocksStore(std::unique_ptr<RocksDatabase> database,
                       std::shared_ptr<std::atomic<bool>> healthy)
    : database_(std::move(database)),
      healthy_(std::move(healthy)),
      reader_("spool-read"),
      writer_("spool-write"),
      room_maker_("spool-room") {}

RocksStore::~RocksStore() {
  writer_.submit([this] {
    if (unsynced_since_) sync_now();
    mark();
  });
}

void RocksStore::submit(Batch batch) {
  {
    std::lock_guard lock(mutex_);
    pending_.push_back(std::move(batch));
    if (std::exchange(writing_, true)) return;
  }
  writer_.submit([this] { write_pending(); });
}

void RocksStore::read(Family family, std::string key, io::Loop& loop,
                      std::shared_ptr<Answer<Result<std::string>>> answer) {
  if (auto cached = database_->read_cached(family, key)) return answer->give(*std::move(cached));
  reader_.submit([this, family, key = std::move(key), &loop, answer = std::move(answer)] {
    loop.post([answer, value = database_->read(family, key)]() mutable {
      answer->give(std::move(value));
    });
  });
}

void RocksStore::make_room(uint64_t free_octets) {
  if (!healthy() || !removed_ || making_room_.exchange(true)) return;
  room_maker_.submit([this, free_octets] {
    removed_ = false;
    if (healthy() && !database_->make_room(free_octets)) healthy_->store(false);
    room_maker_.submit_after(room_interval, [this] { making_room_ = false; });
  });
}

std::vector<DamagedTable> RocksStore::damaged_tables(
    const std::function<void(uint64_t done, uint64_t all)>& checked) const {
  return database_->damaged_tables(checked);
}

Result<void> RocksStore::checkpoint(const std::string& path) const {
  return database_->checkpoint(path);
}

const std::optional<TornTail>& RocksStore::torn_tail() const { return database_->torn_tail(); }

std::unique_ptr<Cursor> RocksStore::scan(Family family) const { return database_->scan(family); }

// To read and decode a message takes longer than to queue it: the two go on side by side.
Result<void> RocksStore::recover(const std::function<void(StoredMessage)>& found,
                                 const std::function<void(MessageId, Error)>& damaged) {
  using Finding = std::variant<StoredMessage, std::pair<MessageId, Error>>;
  Handover<Finding> findings;
  Result<void> result;
  reader_.submit([&] {
    result = recover_messages(
        *this, [&](StoredMessage message) { findings.give(std::move(message)); },
        [&](MessageId id, Error error) { findings.give(std::pair(id, std::move(error))); });
    findings.end();
  });
  for (auto lot = findings.take(); !lot.empty(); lot = findings.take()) {
    for (Finding& finding : lot) {
      if (auto* message = std::get_if<StoredMessage>(&finding))
        found(std::move(*message));
      else
        std::apply(damaged, std::get<1>(std::move(finding)));
    }
  }
  return result;
}

void RocksStore::write_pending() {
  for (auto batches = take_pending(); !batches.empty(); batches = take_pending()) {
    Result<void> result = write(batches);
    give_answers(std::move(batches), result);
  }
}

std::vector<Batch> RocksStore::take_pending() {
  std::vector<Batch> taken;
  std::lock_guard lock(mutex_);
  for (size_t octets = 0; !pending_.empty() && octets < record_octets_max; pending_.pop_front()) {
    octets += octets_of(pending_.front());
    taken.push_back(std::move(pending_.front()));
  }
  writing_ = !taken.empty();
  return taken;
}

Result<void> RocksStore::write(const std::vector<Batch>& batches) {
  if (!healthy())
    return failure(ErrorCode::unavailable, "the spool has failed before: it must be opened anew");
  Instant now = clock_.now();
  bool overdue = unsynced_since_ && now - *unsynced_since_ >= update_sync_after;
  bool sync = overdue || any_has(batches, Durability::before_answer);
  Result<void> result = timed(Syncs(sync), [&] { return database_->write(batches, sync); });
  if (!result) {
    healthy_->store(false);
    return result;
  }
  if (removes_body(batches)) removed_ = true;
  if (sync) {
    unsynced_since_.reset();
    mark_later();
  } else if (any_has(batches, Durability::bounded)) {
    if (!unsynced_since_) unsynced_since_ = now;
    if (!std::exchange(sync_scheduled_, true))
      writer_.submit_after(update_sync_after, [this] { sync_when_due(); });
  }
  return {};
}

void RocksStore::sync_when_due() {
  sync_scheduled_ = false;
  if (!unsynced_since_ || !healthy()) return;
  Duration waited = clock_.now() - *unsynced_since_;
  if (waited >= update_sync_after) {
    sync_now();
  } else {
    sync_scheduled_ = true;
    writer_.submit_after(update_sync_after - waited, [this] { sync_when_due(); });
  }
}

void RocksStore::sync_now() {
  unsynced_since_.reset();
  if (!healthy()) return;
  if (!timed(Syncs::yes, [&] { return database_->sync(); })) return healthy_->store(false);
  mark_later();
}

void RocksStore::mark_later() {
  if (std::exchange(mark_scheduled_, true)) return;
  writer_.submit_after(mark_after, [this] {
    mark_scheduled_ = false;
    mark();
  });
}

void RocksStore::mark() {
  if (!healthy()) return;
  if (!timed(Syncs::no, [&] { return database_->mark(); })) healthy_->store(false);
}

Result<void> RocksStore::timed(Syncs syncs, std::function<Result<void>()> work) {
  const Instant begun = clock_.now();
  busy_since_ = begun.time_since_epoch().count();
  Result<void> result = work();
  busy_since_ = idle;
  if (syncs == Syncs::yes) sync_counts_.add(clock_.now() - begun);
  return result;
}

std::optional<Duration> RocksStore::busy_for() const {
  const Instant::rep since = busy_since_;
  if (since == idle) return std::nullopt;
  return clock_.now() - Instant(Duration(since));
}

}  // namespace waypost::spool
