#include "dns/message.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "dns/rdata.h"

namespace waypost::dns {
namespace {

constexpr size_t label_octets_max = 63;
constexpr size_t wire_name_octets_max = 255;
constexpr size_t question_tail_octets = 4;
constexpr size_t soa_numbers_octets = 20;
constexpr uint8_t pointer_bits = 0xc0;

tl::unexpected<Error> malformed(std::string_view what) {
  return failure(ErrorCode::dns, fmt::format("the name server sent a malformed message: {}", what));
}

class Reader {
 public:
  explicit Reader(std::string_view octets) : octets_(octets) {}

  size_t at() const { return at_; }
  size_t left() const { return octets_.size() - at_; }

  Result<unsigned> number_16() {
    if (left() < 2) return malformed("it is cut off");
    at_ += 2;
    return read_16(octets_, at_ - 2);
  }

  Result<std::string_view> take(size_t octets) {
    if (left() < octets) return malformed("it is cut off");
    at_ += octets;
    return octets_.substr(at_ - octets, octets);
  }

  // Written out, with the root's octet at its end.
  Result<std::string> wire_name() {
    std::string name;
    size_t at = at_;
    bool jumped = false;
    // Each pointer leads before the one that led to it, so that this ends.
    size_t limit = at_;
    while (true) {
      if (at >= octets_.size()) return malformed("a name is cut off");
      const auto length = static_cast<uint8_t>(octets_[at]);
      if ((length & pointer_bits) == pointer_bits) {
        if (at + 2 > octets_.size()) return malformed("a name is cut off");
        const size_t target = read_16(octets_, at) & 0x3fff;
        if (target >= limit) return malformed("a name does not lead backwards");
        if (!jumped) at_ = at + 2;
        jumped = true;
        limit = at = target;
        continue;
      }
      if (length > label_octets_max) return malformed("a label is of an unknown kind");
      if (at + 1 + length > octets_.size()) return malformed("a name is cut off");
      name += octets_.substr(at, 1u + length);
      if (name.size() > wire_name_octets_max) return malformed("a name is too long");
      at += 1u + length;
      if (length == 0) break;
    }
    if (!jumped) at_ = at;
    return name;
  }

  Result<std::string> name() {
    TRY(std::string wire, wire_name());
    return parse_ptr_rdata(wire);
  }

 private:
  std::string_view octets_;
  size_t at_ = 0;
};

// The data that the reader stands before, its names written out.
Result<std::string> read_rdata(Reader& reader, uint16_t type, size_t length) {
  const size_t end = reader.at() + length;
  if (reader.left() < length) return malformed("a record is cut off");
  std::string rdata;
  // An update asks whether there is a record without saying which (RFC 2136 §2.4).
  if (length == 0) return rdata;
  switch (type) {
    case record_type::ns:
    case record_type::cname:
    case record_type::ptr: {
      TRY(rdata, reader.wire_name());
      break;
    }
    case record_type::mx: {
      TRY(std::string_view preference, reader.take(2));
      TRY(std::string host, reader.wire_name());
      rdata = std::string(preference) + host;
      break;
    }
    case record_type::soa: {
      TRY(std::string primary, reader.wire_name());
      TRY(std::string mailbox, reader.wire_name());
      TRY(std::string_view numbers, reader.take(soa_numbers_octets));
      rdata = primary + mailbox + std::string(numbers);
      break;
    }
    default: {
      TRY(rdata, reader.take(length));
    }
  }
  if (reader.at() != end) return malformed("the data of a record has another length");
  return rdata;
}

Result<Record> read_record(Reader& reader) {
  Record record;
  TRY(record.name, reader.name());
  TRY(unsigned type, reader.number_16());
  TRY(unsigned record_class, reader.number_16());
  TRY(unsigned ttl_high, reader.number_16());
  TRY(unsigned ttl_low, reader.number_16());
  TRY(unsigned length, reader.number_16());
  record.type = static_cast<uint16_t>(type);
  record.record_class = static_cast<uint16_t>(record_class);
  record.ttl_s = ttl_high << 16 | ttl_low;
  TRY(record.rdata, read_rdata(reader, record.type, length));
  return record;
}

}  // namespace

Result<Message> parse_message(std::string_view octets) {
  if (octets.size() < message_header_octets) return malformed("it is cut off");
  Message message;
  message.id = static_cast<uint16_t>(read_16(octets, 0));
  message.flags = static_cast<uint16_t>(read_16(octets, 2));
  const unsigned questions = read_16(octets, 4);
  const unsigned records = read_16(octets, 6) + read_16(octets, 8) + read_16(octets, 10);
  if (questions + records > message_records_max) return malformed("it has too many records");
  Reader reader(octets);
  TRY_VOID(reader.take(message_header_octets));
  for (unsigned i = 0; i < questions; ++i) {
    TRY_VOID(reader.wire_name());
    TRY_VOID(reader.take(question_tail_octets));
  }
  size_t count_at = 6;
  for (std::vector<Record>* section :
       {&message.answers, &message.authorities, &message.additionals}) {
    const unsigned count = read_16(octets, count_at);
    count_at += 2;
    for (unsigned i = 0; i < count; ++i) {
      message.last_record_at = reader.at();
      TRY(Record record, read_record(reader));
      section->push_back(std::move(record));
    }
  }
  if (reader.left() != 0) return malformed("octets follow its end");
  return message;
}

void append_16(std::string& octets, unsigned value) {
  octets += static_cast<char>((value >> 8) & 0xff);
  octets += static_cast<char>(value & 0xff);
}

void append_32(std::string& octets, uint32_t value) {
  append_16(octets, value >> 16);
  append_16(octets, value & 0xffff);
}

unsigned read_16(std::string_view octets, size_t at) {
  return static_cast<unsigned>(static_cast<uint8_t>(octets[at]) << 8) |
         static_cast<uint8_t>(octets[at + 1]);
}

void append_name(std::string& octets, std::string_view name) {
  while (!name.empty()) {
    std::string_view label = name.substr(0, name.find('.'));
    octets += static_cast<char>(label.size());
    octets += label;
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  octets += '\0';
}

void append_record(std::string& octets, const Record& record) {
  CHECK(record.rdata.size() <= 0xffff);
  append_name(octets, record.name);
  append_16(octets, record.type);
  append_16(octets, record.record_class);
  append_32(octets, record.ttl_s);
  append_16(octets, static_cast<unsigned>(record.rdata.size()));
  octets += record.rdata;
}

std::string question_message(uint16_t id, uint16_t flags, std::string_view name, uint16_t type) {
  std::string message;
  append_16(message, id);
  append_16(message, flags);
  for (unsigned count : {1, 0, 0, 0}) append_16(message, count);
  append_name(message, name);
  append_16(message, type);
  append_16(message, record_class::in);
  return message;
}

}  // namespace waypost::dns
