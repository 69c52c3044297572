#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "dns/resolver.h"
#include "io/loop.h"
#include "io/network.h"
#include "publish/plan.h"

// Single servers asked themselves, past every cache of ours.
namespace waypost::publish {

// What one server says of one name and type.
struct Sight {
  int rcode = 0;                   // RFC 1035 §4.1.1
  std::vector<std::string> rdata;  // of the asked type, all: at most dns::message_records_max
  std::vector<std::string> texts;  // of TXT records, each joined
  std::vector<dns::MxRecord> mx;
  std::vector<std::string> name_servers;  // of NS records
  std::string alias;                      // where a CNAME at the name leads
  uint32_t ttl_s = 0;                     // of the first of the asked type
  std::string zone;                       // that a SOA record in the answer names
  // False: a server that was not asked to look further does not have the zone of the name itself,
  // and passes on to others, or on what it remembers.
  bool authoritative = true;
  std::string delegated_to;      // the first server that it passes on to
  std::string followed_to;       // who said this in its place, after look_through()
  bool alias_unreached = false;  // nobody answered there, after look_through()

  // What is not there is missing, and nobody else knows better.
  bool answered() const { return (rcode == 0 || rcode == 3) && authoritative; }
};

struct NameServer {
  std::string name;  // of an authoritative one, as its NS record has it; "" where it is not known
  Endpoint address;
  bool resolver = false;  // it is asked to look further, as receivers ask theirs

  std::string text() const;
};

// Where questions come from; all outlive the tasks.
struct Vantage {
  io::Loop& loop;
  io::Network& network;
  dns::Resolver& resolver;  // for what SPF includes, and for addresses of servers
  Endpoint recursive;       // the server behind that resolver
};

// One question. Fails as dns::exchange() does, with `dns` for an answer that cannot be read; a
// server that refuses has answered.
io::Task<Result<Sight>> look(Vantage vantage, NameServer server, std::string name, uint16_t type,
                             Instant deadline);

// The same, looked further where the server itself cannot know: it passes on to the servers of
// another zone (RFC 1034 §4.3.2), or has an alias into one, as providers want for `_dmarc` and
// `_domainkey`. Those servers are asked, one after the other, over at most three such steps. Where
// they cannot be found or are silent, it is what the last one said. `Sight::alias` stays that of
// the name. A resolver looks further by itself.
io::Task<Result<Sight>> look_through(Vantage vantage, NameServer server, std::string name,
                                     uint16_t type, Instant deadline);

// The servers of the zone that `domain` is in, one address each, at most 13. Fails with not_found
// where no zone or no address is found, with `dns` where the resolver cannot tell.
io::Task<Result<std::vector<NameServer>>> find_authorities(Vantage vantage, std::string domain,
                                                           Instant deadline);

// The zone at that server which `domain` is in; not_found when it has none.
io::Task<Result<std::string>> find_zone(Vantage vantage, NameServer server, std::string domain,
                                        Instant deadline);

}  // namespace waypost::publish
