// IP addresses, networks, endpoints and the next hop.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/ascii.h"
#include "config/values.h"
#include "toml/wording.h"

namespace waypost::config {

using toml::as_toml;
namespace {

using Kind = Node::Kind;

constexpr uint16_t implicit_tls_port = 465;

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

// As systemd.socket(5) has FileDescriptorName=.
bool is_socket_name(std::string_view name) {
  constexpr size_t name_octets_max = 255;
  const auto allowed = [](char c) { return c > 0x20 && c < 0x7f && c != ':'; };
  return !name.empty() && name.size() <= name_octets_max &&
         std::all_of(name.begin(), name.end(), allowed);
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

// Names in lower case: sites, accounts and routes are told apart by them.
std::optional<NextHop> read_next_hop(const Node& node) {
  if (auto endpoint = base::Endpoint::parse(node.text); endpoint && endpoint->port != 0)
    return NextHop{endpoint->address.text(), endpoint->port};
  size_t colon = node.text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::optional<uint16_t> port = read_port(std::string_view(node.text).substr(colon + 1));
  auto host = read_host(std::string_view(node.text).substr(0, colon), node.place);
  if (!port || *port == 0 || !host) return std::nullopt;
  return NextHop{base::to_lower(*host), *port};
}

// `risk`: what all addresses would mean here, for the help of the refusal.
Reader<base::IpPrefix> bounded_network(const char* risk) {
  return [risk](const Node& node) -> Reading<base::IpPrefix> {
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
    refusal.help = risk;
    return refuse(std::move(refusal));
  };
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
  return bounded_network(
      "an open relay sends everybody's spam and is on the block lists within hours");
}

Reader<base::IpPrefix> forbidden_network() {
  return bounded_network("no mail could leave: for all of it to go to a relay, set `next_hop`");
}

Reader<base::IpPrefix> proxies_at() {
  return bounded_network(
      "whoever connects could say that it is somebody else: name your proxies alone");
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

Reader<ProxyAt> proxy_at() {
  return [](const Node& node) -> Reading<ProxyAt> {
    for (auto [prefix, scheme] : {std::pair{"socks5://", ProxyScheme::socks5},
                                  std::pair{"proxy2://", ProxyScheme::proxy2}}) {
      if (node.kind != Kind::text || !node.text.starts_with(prefix)) continue;
      Node rest = node;
      rest.text.erase(0, std::string_view(prefix).size());
      if (auto at = read_next_hop(rest)) return ProxyAt{scheme, *std::move(at)};
    }
    return refuse({node.place,
                   "is not a proxy",
                   "expected a proxy like \"socks5://proxy.example.com:1080\" or "
                   "\"proxy2://10.0.0.1:5000\"",
                   {},
                   "a login has its own keys, `proxy_login` and `proxy_secret_file`",
                   std::nullopt});
  };
}

Reader<FallbackPort> fallback_port() {
  return [](const Node& node) -> Reading<FallbackPort> {
    FallbackPort read;
    if (node.kind == Kind::integer && node.integer > 0 && node.integer <= 65535) {
      read.port = static_cast<uint16_t>(node.integer);
      read.tls_mode = read.port == implicit_tls_port ? HopTlsMode::implicit : HopTlsMode::starttls;
      return read;
    }
    std::string_view text = node.kind == Kind::text ? node.text : std::string_view();
    size_t slash = std::min(text.find('/'), text.size());
    std::optional<uint16_t> port = read_port(text.substr(0, slash));
    std::string_view mode = text.substr(std::min(slash + 1, text.size()));
    if (port && *port != 0 && (mode == "implicit" || mode == "starttls"))
      return FallbackPort{*port, mode == "implicit" ? HopTlsMode::implicit : HopTlsMode::starttls};
    return refuse({node.place,
                   "holds what is not a port",
                   "expected a port like 465, or one with its TLS mode, like \"2465/implicit\" or "
                   "\"2587/starttls\"",
                   {},
                   "465 alone means implicit TLS (RFC 8314 §3.3), every other port STARTTLS",
                   std::nullopt});
  };
}

Reader<ListenAddress> listen_address() {
  return [read = endpoint(0)](const Node& node) -> Reading<ListenAddress> {
    constexpr std::string_view tag = "systemd:";
    if (node.kind != Kind::text || !node.text.starts_with(tag)) {
      auto value = read(node);
      if (!value) return tl::unexpected(std::move(value).error());
      return ListenAddress{*value, {}};
    }
    const std::string name = node.text.substr(tag.size());
    if (is_socket_name(name)) return ListenAddress{{}, name};
    return refuse({node.place,
                   "does not name a socket of systemd",
                   "expected \"systemd:\" and the FileDescriptorName= of a .socket unit",
                   {},
                   {},
                   std::nullopt});
  };
}

Reader<base::HttpUrl> http_url() {
  return [](const Node& node) -> Reading<base::HttpUrl> {
    Refusal refusal{node.place,
                    "is not a URL",
                    "expected a URL like \"https://login.example.com/introspect\"",
                    {},
                    {},
                    std::nullopt};
    if (node.kind != Kind::text) return refuse(std::move(refusal));
    auto url = base::HttpUrl::parse(node.text);
    if (!url) {
      refusal.help = url.error().message();
      return refuse(std::move(refusal));
    }
    if (url->tls || url->is_loopback()) return *std::move(url);
    refusal.problem = "goes to another machine in the clear";
    refusal.expected = "expected https, or http to 127.0.0.1 or [::1]";
    return refuse(std::move(refusal));
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
