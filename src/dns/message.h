#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Messages of the name system as octets (RFC 1035 §4), for the questions and updates that go to one
// server and not through the resolver.
namespace waypost::dns {

namespace record_type {
inline constexpr uint16_t a = 1;
inline constexpr uint16_t ns = 2;
inline constexpr uint16_t cname = 5;
inline constexpr uint16_t soa = 6;
inline constexpr uint16_t ptr = 12;
inline constexpr uint16_t mx = 15;
inline constexpr uint16_t txt = 16;
inline constexpr uint16_t aaaa = 28;
inline constexpr uint16_t tlsa = 52;
inline constexpr uint16_t tsig = 250;
}  // namespace record_type

namespace record_class {
inline constexpr uint16_t in = 1;
inline constexpr uint16_t none = 254;
inline constexpr uint16_t any = 255;
}  // namespace record_class

namespace message_flag {
inline constexpr uint16_t answer = 0x8000;
inline constexpr uint16_t authoritative = 0x0400;
inline constexpr uint16_t recursion_desired = 0x0100;
inline constexpr uint16_t authentic_data = 0x0020;
inline constexpr uint16_t checking_disabled = 0x0010;
}  // namespace message_flag

inline constexpr size_t message_header_octets = 12;
inline constexpr size_t message_records_max = 2000;

struct Record {
  std::string name;  // lower case, no final dot; "" is the root
  uint16_t type = 0;
  uint16_t record_class = record_class::in;
  uint32_t ttl_s = 0;
  // Names in the data of the types above are written out; other data is as it came.
  std::string rdata;
};

struct Message {
  uint16_t id = 0;
  uint16_t flags = 0;
  std::vector<Record> answers;
  std::vector<Record> authorities;
  std::vector<Record> additionals;
  // Where the last record begins, for whoever has to take it off (RFC 8945 §5.1).
  size_t last_record_at = 0;

  int rcode() const { return flags & 0x000f; }
  bool has(uint16_t flag) const { return (flags & flag) != 0; }
};

// Fails with ErrorCode::dns for whatever is not exactly right, compression that does not lead
// backwards, octets behind the end, or more than message_records_max records.
Result<Message> parse_message(std::string_view octets);

// Of the octets that RFC 1035 §4.1 has; numbers have their highest octet first.
void append_16(std::string& octets, unsigned value);
void append_32(std::string& octets, uint32_t value);
unsigned read_16(std::string_view octets, size_t at);
// `name` as normalize_name() gives it, or "" for the root.
void append_name(std::string& octets, std::string_view name);
// The record with its length; its data must fit into 65,535 octets.
void append_record(std::string& octets, const Record& record);

// A message of one question.
std::string question_message(uint16_t id, uint16_t flags, std::string_view name, uint16_t type);

}  // namespace waypost::dns
