#include "publish/look.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "dns/exchange.h"
#include "dns/message.h"
#include "dns/rdata.h"

namespace waypost::publish {
namespace {

constexpr size_t servers_max = 13;
constexpr size_t steps_max = 3;
// With each of those that are asked in the place of another, so that there is time for a second.
constexpr Duration patience_with_other = std::chrono::seconds(2);
constexpr uint16_t server_port = 53;
constexpr std::array families = {dns::AddressFamily::v4, dns::AddressFamily::v6};

// The one at the name, or at the end of its chain of aliases.
void take_record(Sight& sight, const dns::Record& record, uint16_t type, const std::string& name) {
  if (record.type == dns::record_type::soa) sight.zone = record.name;
  if (record.type == dns::record_type::cname && record.name == name)
    sight.alias = dns::parse_ptr_rdata(record.rdata).value_or("");
  if (record.type != type) return;
  if (sight.rdata.empty()) sight.ttl_s = record.ttl_s;
  sight.rdata.push_back(record.rdata);
  if (type == dns::record_type::txt)
    if (auto text = dns::parse_txt_rdata(record.rdata)) sight.texts.push_back(text->joined());
  if (type == dns::record_type::mx)
    if (auto mx = dns::parse_mx_rdata(record.rdata)) sight.mx.push_back(*mx);
  if (type == dns::record_type::ns)
    if (auto host = dns::parse_ptr_rdata(record.rdata)) sight.name_servers.push_back(*host);
}

// The alias leads on into the zone that the server has: it has said all that there is.
bool knows_alias_target(const Sight& sight) {
  return sight.answered() && !sight.zone.empty() && is_inside(sight.alias, sight.zone);
}

tl::unexpected<Error> no_servers(const std::string& domain) {
  return failure(ErrorCode::not_found,
                 fmt::format("no name server of {} with an address was found. Is the domain "
                             "registered and delegated? --server ADDR names one",
                             domain));
}

// What the servers of the zone of `name` say, the first that has it; none where nobody does.
io::Task<std::optional<Sight>> ask_those_who_know(Vantage vantage, std::string name, uint16_t type,
                                                  Instant deadline) {
  auto servers = co_await find_authorities(vantage, name, deadline);
  if (!servers) co_return std::nullopt;
  for (const NameServer& server : *servers) {
    const Instant patience = std::min(deadline, vantage.loop.now() + patience_with_other);
    auto sight = co_await look(vantage, server, name, type, patience);
    const bool knows = sight && (sight->answered() || !sight->delegated_to.empty());
    if (!knows) continue;
    sight->followed_to = server.text();
    co_return *std::move(sight);
  }
  co_return std::nullopt;
}

}  // namespace

std::string NameServer::text() const {
  if (resolver) return fmt::format("resolver {}", address.text());
  return name.empty() ? address.text() : fmt::format("{} ({})", name, address.address.text());
}

io::Task<Result<Sight>> look(Vantage vantage, NameServer server, std::string name, uint16_t type,
                             Instant deadline) {
  CO_TRY(std::string normal, dns::normalize_name(name));
  const auto id = static_cast<uint16_t>(vantage.loop.rng().next());
  const uint16_t flags = server.resolver ? dns::message_flag::recursion_desired : 0;
  std::string question = dns::question_message(id, flags, normal, type);
  CO_TRY(std::string octets,
         co_await dns::exchange(vantage.network, server.address, std::move(question), deadline));
  CO_TRY(dns::Message message, dns::parse_message(octets));
  Sight sight;
  sight.rcode = message.rcode();
  sight.authoritative = server.resolver || message.has(dns::message_flag::authoritative);
  for (const dns::Record& record : message.authorities) {
    if (record.type == dns::record_type::soa) sight.zone = record.name;
    if (record.type == dns::record_type::ns && !sight.authoritative && sight.delegated_to.empty())
      sight.delegated_to = dns::parse_ptr_rdata(record.rdata).value_or("");
  }
  for (const dns::Record& record : message.answers) take_record(sight, record, type, normal);
  co_return sight;
}

io::Task<Result<std::vector<NameServer>>> find_authorities(Vantage vantage, std::string domain,
                                                           Instant deadline) {
  const NameServer recursive{"", vantage.recursive, true};
  CO_TRY(Sight sight, co_await look(vantage, recursive, domain, dns::record_type::ns, deadline));
  if (!sight.answered())
    co_return failure(ErrorCode::dns,
                      fmt::format("{} does not say which name servers {} has (it answers with the "
                                  "code {}). Is the domain registered and delegated? --server ADDR "
                                  "asks a name server without it",
                                  recursive.text(), domain, sight.rcode));
  if (sight.name_servers.empty()) {
    // The domain is inside of a zone; its SOA came with the answer (RFC 2308 §3).
    if (sight.zone.empty()) co_return no_servers(domain);
    CO_TRY(sight, co_await look(vantage, recursive, sight.zone, dns::record_type::ns, deadline));
  }
  std::vector<NameServer> servers;
  for (const std::string& host : sight.name_servers) {
    if (servers.size() == servers_max) break;
    for (dns::AddressFamily family : families) {
      auto answer = co_await vantage.resolver.addresses(host, family, deadline);
      if (!answer || answer->addresses.empty()) continue;
      servers.push_back({host, {answer->addresses.front(), server_port}, false});
      break;
    }
  }
  if (servers.empty()) co_return no_servers(domain);
  co_return servers;
}

io::Task<Result<Sight>> look_through(Vantage vantage, NameServer server, std::string name,
                                     uint16_t type, Instant deadline) {
  CO_TRY(Sight sight, co_await look(vantage, server, name, type, deadline));
  if (server.resolver) co_return sight;
  const std::string alias = sight.alias;
  bool alias_unreached = false;
  for (size_t step = 0; step < steps_max; ++step) {
    if (!sight.alias.empty() && sight.rdata.empty() && !knows_alias_target(sight))
      name = sight.alias;
    else if (sight.answered() || sight.delegated_to.empty())
      break;
    std::optional<Sight> further = co_await ask_those_who_know(vantage, name, type, deadline);
    if (!further) {
      alias_unreached = name == sight.alias;
      break;
    }
    sight = *std::move(further);
  }
  sight.alias = alias;
  sight.alias_unreached = alias_unreached;
  co_return sight;
}

io::Task<Result<std::string>> find_zone(Vantage vantage, NameServer server, std::string domain,
                                        Instant deadline) {
  CO_TRY(Sight sight, co_await look(vantage, server, domain, dns::record_type::soa, deadline));
  if (!sight.answered() || sight.zone.empty() || !is_inside(domain, sight.zone))
    co_return failure(ErrorCode::not_found,
                      fmt::format("the server {} has no zone that holds {} (its answer has the "
                                  "code {}). Name the primary of the zone",
                                  server.address.text(), domain, sight.rcode));
  co_return sight.zone;
}

}  // namespace waypost::publish
