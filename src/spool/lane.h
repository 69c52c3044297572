#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "spool/batch_store.h"
#include "spool/inspection.h"

namespace waypost::spool {

// One family from its first key to its last, going on behind what cannot be read. Keys of another
// length than the family's are counted and passed over.
class Lane {
 public:
  Lane(const BatchStore& store, Family family);

  bool valid() const { return cursor_->valid(); }
  std::string_view key() const { return cursor_->key(); }
  std::string_view value() const { return cursor_->value(); }
  MessageId id() const { return id_of(key()); }
  bool is_at(const MessageId& id) const { return valid() && key().starts_with(id.raw()); }
  void next();

  // A key by itself, wherever the lane stands: its value, not_found, or corrupt.
  Result<std::string> look_up(std::string_view key) const;

  const std::vector<Gap>& gaps() const { return gaps_; }
  uint64_t odd_keys() const { return odd_keys_; }

 private:
  void settle();
  void pass_gap();
  bool is_readable_from(const std::string& position);

  const BatchStore& store_;
  const Family family_;
  const size_t key_octets_;
  std::unique_ptr<Cursor> cursor_;
  std::unique_ptr<Cursor> other_;  // for look_up()
  std::string last_;               // the last key that could be read
  std::vector<Gap> gaps_;
  uint64_t odd_keys_ = 0;
};

}  // namespace waypost::spool
