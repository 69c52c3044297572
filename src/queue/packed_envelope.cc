#include "queue/packed_envelope.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/check.h"

namespace waypost::queue {
namespace {

using spool::Envelope;

// One description of the form serves both directions: Writer and Reader have the same operations,
// and go_through() names the fields once.
class Writer {
 public:
  // Seven bits an octet, the lowest first; the highest bit says that more follow.
  void number(uint64_t value) {
    for (; value >= 0x80; value >>= 7) octets_.push_back(char(value | 0x80));
    octets_.push_back(char(value));
  }
  void text(const std::string& text) {
    number(text.size());
    octets_ += text;
  }
  void time(WallTime time) { number(uint64_t(time.time_since_epoch().count())); }
  template <typename Enum>
  void choice(Enum value) {
    number(uint64_t(value));
  }

  // How many there are, then each.
  template <typename List, typename Each>
  void list(const List& list, const Each& each) {
    number(list.size());
    for (const auto& one : list) each(one);
  }
  template <typename Map, typename Each>
  void map(const Map& map, const Each& each) {
    list(map, [&](const auto& entry) { each(entry.first, entry.second); });
  }
  template <typename Value, typename Each>
  void maybe(const std::optional<Value>& value, const Each& each) {
    number(value.has_value());
    if (value) each(*value);
  }

  const std::string& octets() const { return octets_; }

 private:
  std::string octets_;
};

// Reads what Writer wrote in this process; anything else is a bug.
class Reader {
 public:
  explicit Reader(std::string_view octets) : rest_(octets) {}

  template <typename Number>
  void number(Number& value) {
    value = static_cast<Number>(number());
  }
  void text(std::string& text) { text = take(number()); }
  void time(WallTime& time) { time = WallTime(WallTime::duration(int64_t(number()))); }
  template <typename Enum>
  void choice(Enum& value) {
    value = static_cast<Enum>(number());
  }
  template <typename List, typename Each>
  void list(List& list, const Each& each) {
    list.resize(number());
    for (auto& one : list) each(one);
  }
  template <typename Map, typename Each>
  void map(Map& map, const Each& each) {
    map.clear();
    for (uint64_t left = number(); left > 0; --left) {
      std::pair<typename Map::key_type, typename Map::mapped_type> entry;
      each(entry.first, entry.second);
      map.emplace_hint(map.end(), std::move(entry));
    }
  }
  template <typename Value, typename Each>
  void maybe(std::optional<Value>& value, const Each& each) {
    value.reset();
    if (number() != 0) each(value.emplace());
  }

 private:
  uint64_t number() {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      auto octet = static_cast<uint8_t>(take(1).front());
      value |= uint64_t(octet & 0x7f) << shift;
      if (octet < 0x80) return value;
    }
  }
  std::string_view take(size_t octets) {
    CHECK(octets <= rest_.size());
    std::string_view taken = rest_.substr(0, octets);
    rest_.remove_prefix(octets);
    return taken;
  }

  std::string_view rest_;
};

template <typename Direction, typename AnyEnvelope>
void go_through(Direction&& to, AnyEnvelope& envelope) {
  auto text = [&](auto& value) { to.text(value); };
  auto mailbox = [&](auto& value) {
    to.text(value.local_part);
    to.text(value.domain);
  };
  to.time(envelope.accepted_at);
  to.time(envelope.expires_at);
  to.time(envelope.not_before);
  to.choice(envelope.has_deadline);
  to.text(envelope.tenant);
  to.text(envelope.stream);
  to.list(envelope.tags, text);
  to.map(envelope.metadata, [&](auto& key, auto& value) {
    to.text(key);
    to.text(value);
  });
  to.text(envelope.login);
  to.text(envelope.client);
  to.text(envelope.message_id);
  to.maybe(envelope.sender, mailbox);
  to.list(envelope.recipients, mailbox);
  to.choice(envelope.body);
  to.choice(envelope.smtputf8);
  to.choice(envelope.dsn.returns);
  to.text(envelope.dsn.envelope_id);
  to.map(envelope.recipient_dsn, [&](auto& recipient, auto& asked) {
    to.number(recipient);
    to.choice(asked.notify.never);
    to.choice(asked.notify.success);
    to.choice(asked.notify.failure);
    to.choice(asked.notify.delay);
    to.text(asked.original_recipient);
  });
  to.choice(envelope.inbound);
  to.text(envelope.session);
  to.number(envelope.transaction);
  to.text(envelope.held_because);
  to.number(envelope.size_octets);
  to.number(envelope.chunks);
}

}  // namespace

PackedEnvelope::PackedEnvelope(const Envelope& envelope) {
  Writer writer;
  go_through(writer, envelope);
  const auto size = static_cast<uint32_t>(writer.octets().size());
  octets_ = std::make_unique_for_overwrite<char[]>(sizeof size + size);
  std::memcpy(octets_.get(), &size, sizeof size);
  std::copy(writer.octets().begin(), writer.octets().end(), octets_.get() + sizeof size);
}

size_t PackedEnvelope::size_octets() const {
  uint32_t size = 0;
  if (octets_) std::memcpy(&size, octets_.get(), sizeof size);
  return size;
}

Envelope PackedEnvelope::unpack(const MessageId& id) const {
  CHECK(octets_);
  Envelope envelope;
  envelope.id = id;
  go_through(Reader({octets_.get() + sizeof(uint32_t), size_octets()}), envelope);
  return envelope;
}

}  // namespace waypost::queue
