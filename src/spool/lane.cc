#include "spool/lane.h"

namespace waypost::spool {
namespace {

// Positions between keys are numbers of this many octets, big-endian.
constexpr size_t position_bits = part_key_octets * 8;

std::string padded(std::string key) {
  key.resize(part_key_octets, '\0');
  return key;
}

// Adds 2^bit; the last position there is when that is too much.
std::string plus(std::string position, size_t bit) {
  unsigned carry = 1u << (bit % 8);
  for (size_t i = part_key_octets - bit / 8; carry > 0 && i-- > 0;) {
    carry += uint8_t(position[i]);
    position[i] = char(carry & 0xff);
    carry >>= 8;
  }
  return carry > 0 ? std::string(part_key_octets, '\xff') : position;
}

// Half way; `low` when nothing is between.
std::string middle(const std::string& low, const std::string& high) {
  std::string sum(part_key_octets + 1, '\0');
  unsigned carry = 0;
  for (size_t i = part_key_octets; i-- > 0;) {
    carry += uint8_t(low[i]) + uint8_t(high[i]);
    sum[i + 1] = char(carry & 0xff);
    carry >>= 8;
  }
  sum[0] = char(carry);
  std::string result(part_key_octets, '\0');
  for (size_t i = 0; i < part_key_octets; ++i)
    result[i] = char((uint8_t(sum[i]) << 7 | uint8_t(sum[i + 1]) >> 1) & 0xff);
  return result;
}

}  // namespace

Lane::Lane(const BatchStore& store, Family family)
    : store_(store),
      family_(family),
      key_octets_(family == Family::envelopes || family == Family::arriving ? MessageId::octets
                                                                            : part_key_octets),
      cursor_(store.scan(family)),
      other_(store.scan(family)),
      last_(part_key_octets, '\0') {
  cursor_->seek({});
  settle();
}

void Lane::next() {
  cursor_->next();
  settle();
}

void Lane::settle() {
  while (true) {
    if (!cursor_->valid()) {
      if (cursor_->state()) return;
      pass_gap();
      if (!cursor_->valid()) return;
    }
    if (key().size() == key_octets_) break;
    ++odd_keys_;
    cursor_->next();
  }
  last_ = padded(std::string(key()));
}

// A cursor that has read ahead meets the damage again wherever it is sent: each try has its own.
bool Lane::is_readable_from(const std::string& position) {
  cursor_ = store_.scan(family_);
  cursor_->seek(position);
  return cursor_->valid() || cursor_->state().has_value();
}

// From a bad place the first good one is found by doubled steps, then by halving what is between.
// Good ground between two bad places may be stepped over: what is there is looked up by its id
// where another family names it.
void Lane::pass_gap() {
  Gap gap{family_, id_of(last_), std::nullopt, true, cursor_->state().error().describe()};
  std::string bad = last_;
  std::string good;
  for (size_t bit = 0; bit < position_bits && good.empty(); ++bit) {
    std::string probe = plus(last_, bit);
    (is_readable_from(probe) ? good : bad) = probe;
  }
  if (!good.empty()) {
    for (std::string probe = middle(bad, good); probe > bad; probe = middle(bad, good))
      (is_readable_from(probe) ? good : bad) = probe;
    is_readable_from(good);
    if (cursor_->valid() && key().size() >= MessageId::octets) gap.before = id();
    gap.cut_off = false;
  }
  gaps_.push_back(std::move(gap));
}

Result<std::string> Lane::look_up(std::string_view key) const {
  other_->seek(key);
  if (!other_->valid()) {
    TRY_VOID(other_->state());
    return failure(ErrorCode::not_found, "there is no such key");
  }
  if (other_->key() != key) return failure(ErrorCode::not_found, "there is no such key");
  return std::string(other_->value());
}

}  // namespace waypost::spool
