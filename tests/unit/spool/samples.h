#pragma once

#include <filesystem>
#include <map>
#include <stdlib.h>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "spool/spool.h"

namespace waypost::spool {

// The n-th id in the order of acceptance.
inline MessageId sample_id(uint32_t n) {
  const std::array<uint8_t, 10> random{1, 2, 3, 4, 5, 6, 7, 8, uint8_t(n >> 8), uint8_t(n)};
  return MessageId::make(WallTime(std::chrono::milliseconds(1'800'000'000'000 + n)), random);
}

inline Envelope sample_envelope(uint32_t n, uint32_t chunks, uint32_t recipients = 1) {
  Envelope envelope;
  envelope.id = sample_id(n);
  envelope.accepted_at = envelope.id.accepted_at();
  envelope.expires_at = envelope.accepted_at + std::chrono::hours(120);
  envelope.client = "192.0.2.7:50122";
  envelope.sender = smtp::Mailbox{"sender", "example.com"};
  for (uint32_t i = 0; i < recipients; ++i)
    envelope.recipients.push_back({"user" + std::to_string(i), "example.net"});
  envelope.chunks = chunks;
  return envelope;
}

// What chunk `index` of message `n` holds; different for each.
inline std::string sample_octets(uint32_t n, uint32_t index, size_t octets) {
  std::string text;
  while (text.size() < octets)
    text += "message " + std::to_string(n) + " chunk " + std::to_string(index) + "\r\n";
  text.resize(octets);
  return text;
}

inline Chunk sample_chunk(uint32_t n, uint32_t index, size_t octets = 300) {
  return {index, sample_octets(n, index, octets)};
}

inline std::vector<Chunk> chunk_list(Chunk chunk) {
  std::vector<Chunk> list;
  list.push_back(std::move(chunk));
  return list;
}

struct Recovered {
  std::vector<StoredMessage> messages;
  std::map<MessageId, Error> damaged;
  Result<void> result;

  bool holds(const MessageId& id) const {
    for (const auto& message : messages)
      if (message.envelope.id == id) return true;
    return false;
  }
};

inline Recovered recover(Spool& spool) {
  Recovered recovered;
  recovered.result = spool.recover(
      [&](StoredMessage message) { recovered.messages.push_back(std::move(message)); },
      [&](MessageId id, Error error) { recovered.damaged.emplace(id, error); });
  return recovered;
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = testing::TempDir() + "waypost-spool-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace waypost::spool
