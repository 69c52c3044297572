#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "seeds/seed.h"

namespace waypost::seeds {

enum class Spot { inbox, tab, junk, folder };

// Where a message lies, and what the receiver wrote into it.
struct Sighting {
  Spot spot = Spot::inbox;
  std::string folder;         // as the server names it
  std::string tab = {};       // "promotions" ..., Gmail's
  bool junk_by_name = false;  // the server does not say that the folder is one of junk
  std::vector<std::string> labels = {};
  std::optional<int64_t> received = {};  // INTERNALDATE: whole seconds by their clock, since 1970
  std::string header = {};               // octets, at most 256 KiB
  std::string remark = {};               // what went wrong with removing it; "" for nothing
};

// One seed that is looked into, again and again. Every call blocks, on one thread, to its deadline
// at most; cancel() alone may come from any thread.
class Mailbox {
 public:
  virtual ~Mailbox() = default;
  // Connects, checks the certificate, logs in once and lists the folders. permission_denied where
  // the login is refused; tls, timed_out, refused, protocol ... where it does not come so far.
  virtual Result<void> open(Instant deadline) = 0;
  // What open() wrote of the login, in base64; once it is back. A server may repeat it in whatever
  // it says.
  virtual const std::vector<Secret>& written_secrets() const = 0;
  // Where the message with that token lies; none while it is nowhere. Nothing is marked as read,
  // and it is removed only where the seed says so.
  virtual Result<std::optional<Sighting>> look(const std::string& token, Instant deadline) = 0;
  virtual void close(Instant deadline) = 0;
  // Whatever blocks ends soon, with `cancelled`.
  virtual void cancel() = 0;
};

// Of a seed, whose password it takes, at these addresses of its host.
using MailboxMaker = std::function<std::unique_ptr<Mailbox>(Seed, std::vector<IpAddress>)>;

// Over IMAP and TLS. `ca_file`: whom to trust, "" for the system's authorities.
std::unique_ptr<Mailbox> make_imap_mailbox(Seed seed, std::vector<IpAddress> addresses,
                                           std::string ca_file);

}  // namespace waypost::seeds
