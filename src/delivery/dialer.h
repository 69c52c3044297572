#pragma once

#include <memory>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "delivery/secrets.h"
#include "delivery/settings.h"
#include "dns/resolver.h"
#include "io/cancellation.h"
#include "io/loop.h"
#include "io/network.h"

namespace waypost::delivery {

// Whom a connection that could not be made speaks against.
enum class Blame {
  host,    // that address cannot be reached; other mail for it would meet the same
  path,    // a proxy or this machine would not or could not: the host is not to blame
  source,  // our own way out does not work just now, whoever the mail is for
  means,   // no descriptor, memory or port of ours is left for one more connection
};

struct DialFailure {
  Blame blame;
  std::string reason;
  bool called_off = false;
};
using Dialed = tl::expected<std::unique_ptr<io::Stream>, DialFailure>;

// Makes connections from one source, through its proxy where it has one. One for each attempt: a
// proxy that could not be reached is not asked for the next address. Thread: the loop's.
class Dialer {
 public:
  // All of it outlives the dialer.
  struct Means {
    io::Loop& loop;
    io::Network& network;
    dns::Resolver& resolver;
    Secrets* secrets;  // null where nobody logs in anywhere
    Duration dns_timeout;
  };
  Dialer(Means means, std::shared_ptr<const Source> source)
      : means_(means), source_(std::move(source)) {}

  const Source& source() const { return *source_; }

  // The deadline holds for all of it.
  io::Task<Dialed> dial(Endpoint to, io::Cancellation* cancellation, Instant deadline);

 private:
  io::Task<Dialed> dial_directly(Endpoint to, io::Cancellation* cancellation, Instant deadline);
  io::Task<Dialed> dial_proxy(io::Cancellation* cancellation, Instant deadline);
  io::Task<Result<std::vector<IpAddress>>> proxy_addresses(Instant deadline);
  io::Task<Dialed> greet_proxy(std::unique_ptr<io::Stream> stream, Endpoint to,
                               io::Cancellation* cancellation, Instant deadline);
  io::Task<Dialed> ask_socks(std::unique_ptr<io::Stream> stream, Endpoint to, Instant deadline);
  io::Task<Dialed> announce(std::unique_ptr<io::Stream> stream, Endpoint to, Instant deadline);
  // Why it is nobody's failure but ours; nothing where it is not.
  std::optional<DialFailure> own_failure(const Error& error, const IpAddress& to,
                                         const std::optional<IpAddress>& from) const;
  bool is_missing_here(const IpAddress& address) const;
  bool is_foreign_family(const IpAddress& address) const;
  tl::unexpected<DialFailure> proxy_failed(Blame blame, const std::string& reason) const;

  Means means_;
  std::shared_ptr<const Source> source_;
  std::string proxy_trouble_;  // once it could not be reached
};

// The header of HAProxy's PROXY protocol, version 2, that asks for a connection from an address,
// any port, to an endpoint of the same family.
std::string proxy_v2_header(const IpAddress& from, const Endpoint& to);

}  // namespace waypost::delivery
