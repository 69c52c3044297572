// IP addresses, networks, endpoints and the next hop.
#include <charconv>

#include <fmt/format.h>

#include "base/ascii.h"
#include "config/values.h"
#include "toml/wording.h"

namespace waypost::config {

using toml::as_toml;
namespace {

using Kind = Node::Kind;

std::optional<uint16_t> read_port(std::string_view text) {
  uint16_t port = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || status != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return port;
}

// What somebody who wrote 587, ":587", "*:587", "localhost:587" or "127.0.0.1" meant.
std::string guess_endpoint(const Node& node) {
  if (node.kind == Kind::integer && node.integer > 0 && node.integer < 65536)
    return fmt::format("\"0.0.0.0:{}\"", node.integer);
  if (node.kind != Kind::text) return {};
  if (auto address = base::IpAddress::parse(node.text))
    return as_toml(base::Endpoint{*address, 587}.text());
  size_t colon = node.text.rfind(':');
  std::string_view host = std::string_view(node.text).substr(0, colon);
  std::string_view port_text =
      std::string_view(node.text).substr(colon == std::string::npos ? 0 : colon + 1);
  if (!read_port(port_text)) return {};
  if (base::equals_ignoring_case(host, "localhost"))
    return fmt::format("\"127.0.0.1:{}\"", port_text);
  if (host.empty() || host == "*" || host == node.text)
    return fmt::format("\"0.0.0.0:{}\"", port_text);
  return {};
}

// The name in front of a port, as host_name() judges it.
std::optional<std::string> read_host(std::string_view text, const Place& place) {
  Node node;
  node.kind = Kind::text;
  node.place = place;
  node.text = text;
  Reading<std::string> host = host_name()(node);
  return host ? std::optional(*host) : std::nullopt;
}

std::optional<NextHop> read_next_hop(const Node& node) {
  if (auto endpoint = base::Endpoint::parse(node.text); endpoint && endpoint->port != 0)
    return NextHop{endpoint->address.text(), endpoint->port};
  size_t colon = node.text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::optional<uint16_t> port = read_port(std::string_view(node.text).substr(colon + 1));
  auto host = read_host(std::string_view(node.text).substr(0, colon), node.place);
  if (!port || *port == 0 || !host) return std::nullopt;
  return NextHop{*host, *port};
}

}  // namespace

Reader<base::IpAddress> ip_address() {
  return [](const Node& node) -> Reading<base::IpAddress> {
    if (node.kind == Kind::text)
      if (auto address = base::IpAddress::parse(node.text)) return *address;
    return refuse({node.place,
                   "is not an IP address",
                   "expected an IP address like \"192.0.2.1\" or \"2001:db8::1\"",
                   {},
                   {},
                   std::nullopt});
  };
}

Reader<base::IpPrefix> network() {
  return [](const Node& node) -> Reading<base::IpPrefix> {
    Refusal refusal{node.place,
                    "holds what is not a network",
                    "expected a network like \"192.0.2.0/24\" or \"2001:db8::/32\"",
                    {},
                    {},
                    std::nullopt};
    if (node.kind != Kind::text) return refuse(std::move(refusal));
    auto prefix = base::IpPrefix::parse(node.text);
    if (!prefix) {
      if (base::equals_ignoring_case(node.text, "localhost")) refusal.instead = "\"127.0.0.0/8\"";
      return refuse(std::move(refusal));
    }
    if (!prefix->text().ends_with("/0")) return *prefix;
    refusal.problem = "holds all addresses";
    refusal.expected = "expected the networks of your own machines";
    refusal.help = "an open relay sends everybody's spam and is on the block lists within hours";
    return refuse(std::move(refusal));
  };
}

Reader<base::Endpoint> endpoint(uint16_t default_port) {
  return [default_port](const Node& node) -> Reading<base::Endpoint> {
    if (node.kind == Kind::text)
      if (auto value = base::Endpoint::parse(node.text, default_port)) return *value;
    std::string port_text = default_port == 0 ? "587" : std::to_string(default_port);
    return refuse({node.place,
                   "is not an address with a port",
                   fmt::format("expected an IP address and a port, like \"127.0.0.1:{}\" or "
                               "\"[::1]:{}\"",
                               port_text, port_text),
                   default_port == 0 ? guess_endpoint(node) : std::string(),
                   {},
                   std::nullopt});
  };
}

Reader<NextHop> next_hop() {
  return [](const Node& node) -> Reading<NextHop> {
    Refusal refusal{node.place,
                    "is not a host with a port",
                    "expected a host and a port, like \"smtp.provider.example:587\"",
                    {},
                    {},
                    std::nullopt};
    if (node.kind != Kind::text) return refuse(std::move(refusal));
    if (auto hop = read_next_hop(node)) return *std::move(hop);
    if (auto address = base::IpAddress::parse(node.text))
      refusal.instead = as_toml(base::Endpoint{*address, 587}.text());
    else if (read_host(node.text, node.place))
      refusal.instead = as_toml(node.text + ":587");
    return refuse(std::move(refusal));
  };
}

}  // namespace waypost::config
