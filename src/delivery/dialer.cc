#include "delivery/dialer.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include <fmt/format.h>

#include "base/check.h"
#include "delivery/socks.h"

namespace waypost::delivery {
namespace {

// Addresses of a proxy that are tried.
constexpr size_t proxy_addresses_max = 4;

tl::unexpected<DialFailure> fail(Blame blame, std::string reason) {
  return tl::unexpected(DialFailure{blame, std::move(reason), false});
}
tl::unexpected<DialFailure> call_off() {
  return tl::unexpected(DialFailure{Blame::path, "connecting was called off", true});
}

// The buffer lives in the frame that awaits this.
io::Task<Result<void>> read_exactly(io::Stream& stream, std::span<char> into, Instant deadline) {
  while (!into.empty()) {
    CO_TRY(size_t count, co_await stream.read(into, deadline));
    if (count == 0) co_return failure(ErrorCode::peer_gone, "it closed the connection");
    into = into.subspan(count);
  }
  co_return Result<void>();
}

}  // namespace

io::Task<Dialed> Dialer::dial(Endpoint to, io::Cancellation* cancellation, Instant deadline) {
  if (!source_->proxy) co_return co_await dial_directly(to, cancellation, deadline);
  if (!proxy_trouble_.empty()) co_return proxy_failed(Blame::source, proxy_trouble_);
  Dialed reached = co_await dial_proxy(cancellation, deadline);
  if (!reached) co_return reached;
  co_return co_await greet_proxy(*std::move(reached), to, cancellation, deadline);
}

io::Task<Dialed> Dialer::dial_directly(Endpoint to, io::Cancellation* cancellation,
                                       Instant deadline) {
  const std::optional<IpAddress>& from = source_->address_for(to.address);
  io::ConnectOptions options{from, cancellation};
  auto stream = co_await means_.network.connect(to, options, deadline);
  if (stream) co_return *std::move(stream);
  const Error& error = stream.error();
  if (error.code() == ErrorCode::cancelled) co_return call_off();
  if (auto ours = own_failure(error, to.address, from)) co_return tl::unexpected(*std::move(ours));
  co_return fail(Blame::host, error.describe());
}

// What connect(2) and bind(2) fail with before anything has left this machine.
std::optional<DialFailure> Dialer::own_failure(const Error& error, const IpAddress& to,
                                               const std::optional<IpAddress>& from) const {
  switch (error.system_error()) {
    case EADDRNOTAVAIL:
      if (from && is_missing_here(*from))
        return DialFailure{Blame::source, from->text() + " is not an address of this machine"};
      if (!from && is_foreign_family(to))
        return DialFailure{Blame::path,
                           fmt::format("this machine has no {} address to reach {} from",
                                       to.is_v4() ? "IPv4" : "IPv6", to.text())};
      [[fallthrough]];
    case EADDRINUSE:
      return DialFailure{Blame::means, fmt::format("no port of this machine is free for a "
                                                   "connection to {}: {}",
                                                   to.text(), error.describe())};
    case EPERM:
      return DialFailure{Blame::path, fmt::format("a firewall on this machine lets no connection "
                                                  "to {} out: {}",
                                                  to.text(), error.describe())};
  }
  if (error.code() != ErrorCode::resource_exhausted) return std::nullopt;
  return DialFailure{Blame::means, error.describe()};
}

bool Dialer::is_missing_here(const IpAddress& address) const {
  auto own = means_.network.own_addresses();
  return own && std::find(own->begin(), own->end(), address) == own->end();
}

bool Dialer::is_foreign_family(const IpAddress& address) const {
  auto own = means_.network.own_addresses();
  return own && std::none_of(own->begin(), own->end(), [&](const IpAddress& each) {
           return each.is_v4() == address.is_v4() && !each.is_loopback();
         });
}

tl::unexpected<DialFailure> Dialer::proxy_failed(Blame blame, const std::string& reason) const {
  return fail(blame, fmt::format("the proxy {}: {}", source_->proxy->text(), reason));
}

io::Task<Dialed> Dialer::dial_proxy(io::Cancellation* cancellation, Instant deadline) {
  auto addresses = co_await proxy_addresses(deadline);
  std::string reason = addresses ? "its name has no address" : addresses.error().describe();
  if (!addresses) addresses = std::vector<IpAddress>();
  auto left = static_cast<int>(addresses->size());
  for (const IpAddress& address : *addresses) {
    io::ConnectOptions options{std::nullopt, cancellation};
    Endpoint at{address, source_->proxy->port};
    // One that is dead leaves time for the next.
    const Instant now = means_.loop.now();
    const Instant until = now + (deadline - now) / left;
    left--;
    auto stream = co_await means_.network.connect(at, options, until);
    if (stream) co_return *std::move(stream);
    if (stream.error().code() == ErrorCode::cancelled) co_return call_off();
    reason = stream.error().describe();
    // Our own descriptors, say: that is no verdict on the proxy.
    auto ours = own_failure(stream.error(), address, std::nullopt);
    if (ours) reason = ours->reason;
    if (ours && ours->blame == Blame::means) co_return proxy_failed(Blame::means, reason);
  }
  proxy_trouble_ = reason;
  co_return proxy_failed(Blame::source, reason);
}

io::Task<Result<std::vector<IpAddress>>> Dialer::proxy_addresses(Instant deadline) {
  const std::string& host = source_->proxy->host;
  std::vector<IpAddress> all;
  if (auto literal = IpAddress::parse(host)) {
    all.push_back(*literal);
    co_return all;
  }
  deadline = std::min(deadline, means_.loop.now() + means_.dns_timeout);
  std::optional<Error> failed;
  for (dns::AddressFamily family : {dns::AddressFamily::v4, dns::AddressFamily::v6}) {
    auto answer = co_await means_.resolver.addresses(host, family, deadline);
    if (answer)
      all.insert(all.end(), answer->addresses.begin(), answer->addresses.end());
    else
      failed = std::move(answer).error();
  }
  if (all.empty() && failed) co_return failure(*std::move(failed));
  all.resize(std::min(all.size(), proxy_addresses_max));
  co_return all;
}

io::Task<Dialed> Dialer::greet_proxy(std::unique_ptr<io::Stream> stream, Endpoint to,
                                     io::Cancellation* cancellation, Instant deadline) {
  if (cancellation && cancellation->cancelled()) co_return call_off();
  io::Stream& watched = *stream;
  Dialed dialed;
  {
    io::Cancellation::Watch watch(cancellation, [&watched] { watched.close(); });
    if (source_->speaks_first_to_proxy())
      dialed = co_await announce(std::move(stream), to, deadline);
    else
      dialed = co_await ask_socks(std::move(stream), to, deadline);
  }
  if (cancellation && cancellation->cancelled()) co_return call_off();
  co_return dialed;
}

io::Task<Dialed> Dialer::ask_socks(std::unique_ptr<io::Stream> stream, Endpoint to,
                                   Instant deadline) {
  const Proxy& proxy = *source_->proxy;
  std::optional<SocksDialogue::Login> login;
  if (!proxy.login.empty()) {
    if (!means_.secrets)
      co_return proxy_failed(Blame::source, "there is nobody to read its secret");
    Result<Secret> secret = co_await means_.secrets->read(proxy.secret_file);
    if (!secret) co_return proxy_failed(Blame::source, secret.error().describe());
    login = SocksDialogue::Login{proxy.login, *std::move(secret)};
  }
  SocksDialogue dialogue(to, std::move(login));
  std::array<char, 512> buffer;
  while (!dialogue.done()) {
    std::string output = dialogue.take_output();
    Result<void> moved = co_await stream->write(output, deadline);
    Secret::wipe(output);
    std::span<char> answer(buffer.data(), dialogue.wanted());
    if (moved) moved = co_await read_exactly(*stream, answer, deadline);
    if (!moved)
      co_return proxy_failed(dialogue.asked() ? Blame::path : Blame::source,
                             moved.error().describe());
    auto taken = dialogue.take({answer.data(), answer.size()});
    if (taken) continue;
    using Whose = SocksDialogue::Whose;
    Blame blame = taken.error().whose == Whose::proxy         ? Blame::source
                  : taken.error().whose == Whose::destination ? Blame::host
                                                              : Blame::path;
    co_return proxy_failed(blame, taken.error().reason);
  }
  co_return stream;
}

io::Task<Dialed> Dialer::announce(std::unique_ptr<io::Stream> stream, Endpoint to,
                                  Instant deadline) {
  const std::optional<IpAddress>& from = source_->address_for(to.address);
  if (!from) co_return proxy_failed(Blame::path, "the source has no address of this family");
  std::string header = proxy_v2_header(*from, to);
  Result<void> written = co_await stream->write(header, deadline);
  if (!written) co_return proxy_failed(Blame::source, written.error().describe());
  co_return stream;
}

// Section 2.2 of HAProxy's proxy-protocol.txt. Port 0: the proxy picks one.
std::string proxy_v2_header(const IpAddress& from, const Endpoint& to) {
  CHECK(from.is_v4() == to.address.is_v4());
  constexpr std::string_view signature("\r\n\r\n\0\r\nQUIT\n", 12);
  constexpr char version_2_proxy = 0x21;
  constexpr char tcp_over_v4 = 0x11;
  constexpr char tcp_over_v6 = 0x21;
  std::string header(signature);
  header += version_2_proxy;
  header += from.is_v4() ? tcp_over_v4 : tcp_over_v6;
  header += '\0';
  header += static_cast<char>(2 * from.octets().size() + 4);
  header += from.octets();
  header += to.address.octets();
  header += std::string_view("\0\0", 2);
  header += static_cast<char>(to.port >> 8);
  header += static_cast<char>(to.port & 0xff);
  return header;
}

}  // namespace waypost::delivery
