#include "api/domain_request.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "api/fields.h"
#include "base/ip_address.h"

namespace waypost::api {
namespace {

constexpr size_t name_octets_max = 255;
constexpr size_t senders_max = 50;
constexpr size_t servers_max = 13;
constexpr size_t limit_max = 1000;
constexpr uint16_t name_server_port = 53;

std::optional<size_t> parse_limit(const std::string& text) {
  size_t limit = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, limit);
  if (code != std::errc() || stop != end || limit < 1 || limit > limit_max) return std::nullopt;
  return limit;
}

}  // namespace

void read_query(const web::Request& request, DomainRequest& to,
                std::vector<web::FieldProblem>& problems) {
  auto parameters = web::parse_query(request.query);
  if (!parameters) return problems.push_back({"query", "cannot be read"});
  const bool is_list = request.method == "GET";
  for (const auto& [name, value] : *parameters) {
    const auto count = parse_limit(value);
    if (name == "limit" && is_list && count)
      to.limit = *count;
    else if (name == "limit" && is_list)
      problems.push_back({name, fmt::format("is no number from 1 to {}", limit_max)});
    else if (name == "after" && is_list)
      to.after = value;
    else if (name != "force" || request.method != "DELETE")
      problems.push_back({name, "is not known here"});
    else if (value != "true" && value != "false")
      problems.push_back({name, "is neither true nor false"});
    else
      to.force = value == "true";
  }
}

void read_new_domain(Fields& fields, DomainRequest& to) {
  to.domain = fields.line("domain", name_octets_max);
  if (to.domain.empty()) fields.note("domain", "is missing: the domain that mail is from");
  to.settings = {fields.lines("senders", name_octets_max, senders_max),
                 fields.line("return_path", name_octets_max),
                 fields.line("reports", name_octets_max), fields.line("policy", name_octets_max)};
  read_new_keys(fields, to);
}

void read_new_keys(Fields& fields, DomainRequest& to) {
  to.key_type = fields.line("type", name_octets_max);
  if (!to.key_type.empty() && to.key_type != "rsa" && to.key_type != "ed25519" &&
      to.key_type != "both")
    fields.note("type", "is neither rsa, ed25519 nor both");
}

void read_look(Fields& fields, DomainRequest& to) {
  read_servers(fields, to);
  if (fields.has("activate")) to.activate = fields.flag("activate");
}

void read_servers(Fields& fields, DomainRequest& to) {
  for (const std::string& text : fields.lines("servers", name_octets_max, servers_max)) {
    auto address = Endpoint::parse(text, name_server_port);
    if (!address) fields.note("servers", "has an entry that is no ADDR[:PORT]");
    // Whoever may use the dashboard may not speak to every service that this machine can reach.
    else if (address->port != name_server_port && address->port < 1024)
      fields.note("servers", "has a port that is neither 53 nor from 1024 on");
    else
      to.servers.push_back({"", *address, false});
  }
}

void read_force(Fields& fields, DomainRequest& to) { to.force = fields.flag("force"); }

}  // namespace waypost::api
