#include "dns/unbound_configuration.h"

#include <set>

#include <fmt/format.h>
#include <unbound.h>

#include "base/ascii.h"
#include "dns/rdata.h"
#include "dns/system_files.h"

namespace waypost::dns {
namespace {

constexpr uint64_t system_file_octets_max = 1 << 20;

Result<void> check_set(int status, std::string_view what) {
  if (status == UB_NOERROR) return {};
  return failure(ErrorCode::dns,
                 fmt::format("the resolver did not accept {}: {}", what, ub_strerror(status)));
}

Result<void> set_options(ub_ctx* context) {
  // The library's own log goes to stderr; what matters is in the answers.
  ub_ctx_debugout(context, nullptr);
  TRY_VOID(check_set(ub_ctx_async(context, 1), "its thread"));
  static constexpr std::pair<const char*, const char*> options[] = {
      {"do-not-query-localhost:", "no"},
      // Names of private networks are the configured server's business.
      {"unblock-lan-zones:", "yes"},
      {"insecure-lan-zones:", "yes"},
      // The library's defaults are meant for one program that asks now and then.
      {"outgoing-range:", "256"},
      {"outgoing-num-tcp:", "16"},
      {"msg-cache-size:", "16m"},
      {"rrset-cache-size:", "32m"},
  };
  for (auto [name, value] : options)
    TRY_VOID(check_set(ub_ctx_set_option(context, name, value), name));
  return {};
}

Result<void> set_server(ub_ctx* context, const Endpoint& server) {
  std::string text = fmt::format("{}@{}", server.address.text(), server.port);
  return check_set(ub_ctx_set_fwd(context, text.c_str()), text);
}

Result<void> set_system_servers(ub_ctx* context, io::Disk& disk) {
  static constexpr uint16_t dns_port = 53;
  static constexpr const char* path = "/etc/resolv.conf";
  auto text = disk.read_file(path, system_file_octets_max);
  if (!text)
    return failure(std::move(text).error().while_doing("looking for the system's name server"));
  std::vector<IpAddress> servers = parse_resolv_conf(*text);
  if (servers.empty())
    return failure(ErrorCode::dns,
                   fmt::format("{} has no usable \"nameserver\" line: add one, or name a resolver "
                               "as ADDRESS:PORT",
                               path));
  for (const IpAddress& server : servers) TRY_VOID(set_server(context, {server, dns_port}));
  return {};
}

Result<void> add_hosts(ub_ctx* context, io::Disk& disk) {
  auto text = disk.read_file("/etc/hosts", system_file_octets_max);
  if (!text) return {};
  for (const HostEntry& entry : parse_hosts(*text)) {
    std::string line = fmt::format("{}. {} {}", entry.name, entry.address.is_v4() ? "A" : "AAAA",
                                   entry.address.text());
    // The file knows addresses only: an MX of the same name must still be found.
    TRY_VOID(check_set(ub_ctx_zone_add(context, entry.name.c_str(), "typetransparent"), line));
    TRY_VOID(check_set(ub_ctx_data_add(context, line.c_str()), line));
  }
  return {};
}

Result<std::string> last_label(const std::string& record) {
  auto owner = normalize_question(std::string_view(record).substr(0, record.find_first_of(" \t")));
  if (owner) return owner->substr(owner->rfind('.') + 1);
  return failure(
      std::move(owner).error().while_doing(fmt::format("adding the DNS record \"{}\"", record)));
}

Result<void> add_records(ub_ctx* context, const std::vector<std::string>& records) {
  std::set<std::string> zones;
  for (const std::string& record : records) {
    TRY(std::string label, last_label(record));
    if (!zones.insert(label).second) continue;
    TRY_VOID(check_set(ub_ctx_zone_add(context, label.c_str(), "static"), label));
  }
  for (const std::string& record : records) {
    if (ub_ctx_data_add(context, record.c_str()) != UB_NOERROR)
      return failure(ErrorCode::invalid_input,
                     fmt::format("\"{}\" is not a DNS record like \"mx.lab.test. A 192.0.2.1\"",
                                 base::escape_control(record)));
  }
  return {};
}

}  // namespace

Result<void> configure(ub_ctx* context, const ResolverOptions& options, io::Disk& disk) {
  TRY_VOID(set_options(context));
  if (options.forward_to)
    TRY_VOID(set_server(context, *options.forward_to));
  else
    TRY_VOID(set_system_servers(context, disk));
  // From here on the library takes no more options. It would deny names of test and home networks
  // itself (RFC 6761 §6.2), but the configured server may well serve them.
  for (const char* zone : {"test.", "home.arpa."})
    TRY_VOID(check_set(ub_ctx_zone_remove(context, zone), zone));
  if (!options.forward_to) TRY_VOID(add_hosts(context, disk));
  return add_records(context, options.records);
}

}  // namespace waypost::dns
