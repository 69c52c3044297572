#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "base/time.h"

namespace waypost::seeds {

inline constexpr size_t seeds_max = 16;

enum class SeedTls { implicit, starttls };

// A mailbox of our own at some provider, that is looked into over IMAP.
struct Seed {
  std::string id;       // as reports name it; the address where none is given
  std::string address;  // the recipient
  std::string host;
  uint16_t port = 0;
  SeedTls tls = SeedTls::implicit;
  std::string user;                       // the address where none is given
  std::string password_file;              // with the access token for a mechanism of tokens
  std::string mechanism;                  // as sasl::ClientLogin has it
  std::vector<std::string> folders = {};  // these alone, INBOX always; empty: all
  // Whose Authentication-Results are the receiver's; "" for those of the topmost field.
  std::string authserv_id = {};
  bool erase = false;  // `delete`: the message is removed once it was seen
  Secret password = {};
};

struct Seeds {
  std::vector<Seed> all;
  Duration wait{std::chrono::minutes(2)};         // for a message to arrive
  Duration slow_after{std::chrono::seconds(60)};  // what takes longer is said
};

}  // namespace waypost::seeds
