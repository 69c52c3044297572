#include "api/history_file.h"

#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "io/digest.h"

namespace waypost::api {
namespace {

constexpr std::string_view first_line = "waypost history 1\n";
constexpr size_t name_octets_max = 1000;

// Seven bits an octet, the lowest first; the highest bit says that more follow.
void add_number(std::string& octets, uint64_t value) {
  for (; value >= 0x80; value >>= 7) octets.push_back(char(value | 0x80));
  octets.push_back(char(value));
}

void add_ring(std::string& octets, const Ring& ring) {
  uint64_t count = 0;
  std::string buckets;
  int64_t last = 0;
  ring.visit([&](int64_t index, const Ring::Bucket& bucket) {
    ++count;
    add_number(buckets, uint64_t(index - std::exchange(last, index)));
    for (uint32_t value : bucket.counts) add_number(buckets, value);
    add_number(buckets, uint64_t(bucket.waiting + 1));
  });
  add_number(octets, uint64_t(ring.oldest()));
  add_number(octets, count);
  octets += buckets;
}

std::string digest_of(std::string_view octets, std::string_view more = {}) {
  io::Digest digest;
  digest.add(octets);
  digest.add(more);
  return digest.hex() + "\n";
}

// None where it is cut short, or larger than a time or a count can be.
class Reader {
 public:
  explicit Reader(std::string_view octets) : rest_(octets) {}

  std::optional<int64_t> number(int64_t most) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 63 && !rest_.empty(); shift += 7) {
      const auto octet = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= uint64_t(octet & 0x7f) << shift;
      if (octet >= 0x80) continue;
      return value <= uint64_t(most) ? std::optional(int64_t(value)) : std::nullopt;
    }
    return std::nullopt;
  }
  std::optional<std::string_view> text(size_t octets_max) {
    const auto octets = number(int64_t(octets_max));
    if (!octets || size_t(*octets) > rest_.size()) return std::nullopt;
    const std::string_view taken = rest_.substr(0, size_t(*octets));
    rest_.remove_prefix(size_t(*octets));
    return taken;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool read_spans(Reader& reader, std::vector<History::Span>& spans) {
  const auto count = reader.number(History::spans_max);
  if (!count) return false;
  for (int64_t i = 0; i < *count; ++i) {
    const auto from = reader.number(WallTime::max().time_since_epoch().count());
    if (!from) return false;
    const WallTime begun{std::chrono::microseconds(*from)};
    const auto length = reader.number((WallTime::max() - begun).count());
    if (!length) return false;
    spans.push_back({begun, begun + std::chrono::microseconds(*length)});
  }
  return true;
}

bool read_bucket(Reader& reader, Ring::Bucket& bucket) {
  for (uint32_t& value : bucket.counts) {
    const auto read = reader.number(std::numeric_limits<uint32_t>::max());
    if (!read) return false;
    value = uint32_t(*read);
  }
  const auto waiting = reader.number(std::numeric_limits<int64_t>::max());
  if (waiting) bucket.waiting = *waiting - 1;
  return waiting.has_value();
}

bool read_ring(Reader& reader, Ring& ring) {
  const int64_t index_max = ring.index_of(WallTime::max());
  const auto oldest = reader.number(index_max);
  const auto count = reader.number(int64_t(ring.buckets_max()));
  if (!oldest || !count) return false;
  ring.set_oldest(*oldest);
  const auto step = std::chrono::duration_cast<WallTime::duration>(ring.step());
  int64_t index = 0;
  for (int64_t i = 0; i < *count; ++i) {
    const auto distance = reader.number(index_max - index);
    if (!distance) return false;
    index += *distance;
    Ring::Bucket* bucket = ring.at(WallTime(step * index));
    if (!bucket || !read_bucket(reader, *bucket)) return false;
  }
  return true;
}

bool read_all(Reader& reader, WallTime now, History& into) {
  std::vector<History::Span> spans;
  if (!read_spans(reader, spans)) return false;
  while (!reader.at_end()) {
    const auto name = reader.text(name_octets_max);
    if (!name) return false;
    for (Ring* ring : into.rings_to_fill(*name))
      if (!ring || !read_ring(reader, *ring)) return false;
  }
  into.restore(spans, now);
  return true;
}

}  // namespace

std::string encode_place(const History& history, std::string_view name) {
  std::string octets;
  if (name.size() > name_octets_max) return octets;
  add_number(octets, name.size());
  octets += name;
  for (const Ring* ring : history.rings(name)) {
    if (!ring) return {};
    add_ring(octets, *ring);
  }
  return octets;
}

std::string encode_times(const History& history, WallTime now) {
  std::string octets;
  const auto spans = history.spans(now);
  add_number(octets, spans.size());
  for (const History::Span& span : spans) {
    add_number(octets, uint64_t(span.from.time_since_epoch().count()));
    add_number(octets, uint64_t((span.to - span.from).count()));
  }
  return octets;
}

std::string sealed_history(std::string_view times, std::string_view places) {
  std::string octets(first_line);
  octets += digest_of(times, places);
  octets += times;
  octets += places;
  return octets;
}

Result<void> decode_history(std::string_view octets, WallTime now, History& into) {
  const auto corrupt = [](const char* why) { return failure(ErrorCode::corrupt, why); };
  if (!octets.starts_with(first_line)) return corrupt("it is none of this version");
  octets.remove_prefix(first_line.size());
  const size_t end = octets.find('\n');
  if (end == octets.npos) return corrupt("it is cut short");
  const std::string_view body = octets.substr(end + 1);
  if (octets.substr(0, end + 1) != digest_of(body)) return corrupt("it is damaged");
  Reader reader(body);
  if (!read_all(reader, now, into)) return corrupt("it is damaged");
  return {};
}

}  // namespace waypost::api
