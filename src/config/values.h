#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "config/config.h"
#include "toml/document.h"

// From a TOML value to a typed one. Each function here makes a reader: a pure function that yields
// the value or says what is wrong with it, in words that read well behind the key's name.
namespace waypost::config {

using toml::Member;
using toml::Node;
using toml::Place;

struct Refusal {
  Place place;
  std::string problem;   // "is not a duration"
  std::string expected;  // "expected a duration like \"30s\""
  std::string instead;   // the value that was probably meant, as TOML; may be empty
  std::string help;      // why; may be empty
  std::optional<std::string> did_you_mean;
};

template <class T>
using Reading = tl::expected<T, std::vector<Refusal>>;
template <class T>
using Reader = std::function<Reading<T>(const Node&)>;

inline tl::unexpected<std::vector<Refusal>> refuse(Refusal refusal) {
  return tl::unexpected(std::vector<Refusal>{std::move(refusal)});
}

// true or false.
Reader<bool> yes_or_no();
// A whole number, both ends included.
Reader<unsigned> count(unsigned least, unsigned most);
Reader<uint16_t> port();
// Whole or with a fraction, both ends included.
Reader<double> number(double least, double most);
// "30s", "1h30m"; both ends included.
Reader<Duration> duration(Duration least, Duration most);
// Octets, or text with a unit: B, KB, MB, GB (powers of 1000), KiB, MiB, GiB (powers of 1024).
Reader<uint64_t> octets(uint64_t least, uint64_t most);

// Letters, digits and hyphens in labels (RFC 5321 §4.1.2), with at least one dot, or "localhost".
Reader<std::string> host_name();
// The same, in lower case.
Reader<std::string> mail_domain();
// The part of an address in front of the @, or "*".
Reader<std::string> local_part();
// local-part@domain, of letters, digits and what stands in addresses mostly.
Reader<std::string> mail_address();
// A host name in lower case, or "*." before one.
Reader<std::string> site_pattern();
// The same, or "*" for every domain.
Reader<std::string> route_pattern();
// A host name as browsers use it, in lower case; one word will do.
Reader<std::string> web_name();
// 1 to 255 octets of text without control octets.
Reader<std::string> login_name();
// One scope-token of RFC 6749 §3.3, 1 to 255 octets.
Reader<std::string> scope_token();
// Lower-case letters, digits, `-`, `_` and `.`; 1 to 64 of them.
Reader<std::string> identifier();
// An absolute path.
Reader<std::string> path();
// A zone-file line: name, perhaps TTL and class, type, data.
Reader<std::string> zone_line();

Reader<base::IpAddress> ip_address();
// Never all addresses.
Reader<base::IpPrefix> network();
// The same, of machines to which no mail may go.
Reader<base::IpPrefix> forbidden_network();
// The same, of machines that may say for whom they speak.
Reader<base::IpPrefix> proxies_at();
// `default_port` 0: the port must be written.
Reader<base::Endpoint> endpoint(uint16_t default_port);
// A name in lower case.
Reader<NextHop> next_hop();
// A port, with the TLS mode that is usual there; or "2465/implicit", "2587/starttls".
Reader<FallbackPort> fallback_port();
// "socks5://host:port" or "proxy2://host:port".
Reader<ProxyAt> proxy_at();
// The id of a source, perhaps with its weight: "out1", "out1:3".
Reader<PoolShare> pool_share();
// https, or http to a loopback address: what is asked there is secret.
Reader<base::HttpUrl> http_url();

// An endpoint, or "systemd:" and the name of a socket that systemd opens.
struct ListenAddress {
  base::Endpoint endpoint;
  std::string socket_name;
};
Reader<ListenAddress> listen_address();

// For choice(): the index of the text among the names.
Reading<size_t> choose(const Node& node, const std::vector<std::string_view>& names);

template <class T>
Reader<T> choice(std::vector<std::pair<std::string_view, T>> options) {
  std::vector<std::string_view> names;
  for (const auto& option : options) names.push_back(option.first);
  return [options = std::move(options), names = std::move(names)](const Node& node) -> Reading<T> {
    Reading<size_t> index = choose(node, names);
    if (!index) return tl::unexpected(std::move(index).error());
    return options[*index].second;
  };
}

// For list_of(): what to say when there is no list.
Refusal not_a_list(const Node& node);

// Every element is read, so that all wrong ones are reported.
template <class T>
Reader<std::vector<T>> list_of(Reader<T> read) {
  return [read = std::move(read)](const Node& node) -> Reading<std::vector<T>> {
    if (node.kind != Node::Kind::list) return refuse(not_a_list(node));
    std::vector<T> values;
    std::vector<Refusal> refusals;
    for (const Node& item : node.items) {
      Reading<T> value = read(item);
      if (value) values.push_back(*std::move(value));
      if (!value) refusals.insert(refusals.end(), value.error().begin(), value.error().end());
    }
    if (!refusals.empty()) return tl::unexpected(std::move(refusals));
    return values;
  };
}

}  // namespace waypost::config
