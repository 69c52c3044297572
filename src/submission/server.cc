#include "submission/server.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/networks.h"
#include "submission/proxied_stream.h"

namespace waypost::submission {
namespace {

constexpr std::chrono::milliseconds accept_retry_delay{100};
constexpr std::chrono::seconds turn_away_timeout{1};

// An entry in a set, as long as this lives.
template <class T>
class Membership {
 public:
  Membership(std::unordered_set<T*>& set, T& member) : set_(set), member_(member) {
    set_.insert(&member_);
  }
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;
  ~Membership() { set_.erase(&member_); }

 private:
  std::unordered_set<T*>& set_;
  T& member_;
};

}  // namespace

Server::Server(Settings settings, Services services)
    : settings_(std::make_shared<const Settings>(std::move(settings))),
      services_(std::move(services)) {}

Server::~Server() = default;

void Server::add_listener(std::unique_ptr<io::Listener> listener, TlsMode tls_mode) {
  listenings_.push_back(std::make_unique<Listening>(Listening{std::move(listener), tls_mode}));
}

void Server::start() {
  for (const std::unique_ptr<Listening>& listening : listenings_)
    tasks_.start(accept_at(*listening));
}

void Server::set_certificate(std::shared_ptr<tls::ServerContext> certificate) {
  services_.certificate = std::move(certificate);
}

void Server::reconfigure(Settings settings, TlsMode tls_mode) {
  settings_ = std::make_shared<const Settings>(std::move(settings));
  for (const std::unique_ptr<Listening>& listening : listenings_) listening->tls_mode = tls_mode;
}

void Server::close_listeners() {
  for (const std::unique_ptr<Listening>& listening : listenings_) listening->listener->close();
}

io::Task<void> Server::accept_at(Listening& at) {
  while (!stopping_) {
    Result<std::unique_ptr<io::Stream>> stream = co_await at.listener->accept();
    if (stream) {
      receive(*std::move(stream), at.tls_mode);
      continue;
    }
    if (stream.error().code() == ErrorCode::cancelled) co_return;
    // Descriptors or memory ran out, or the client was gone again: others wait in the backlog.
    co_await io::sleep_until(services_.loop, services_.loop.now() + accept_retry_delay);
  }
}

void Server::receive(std::unique_ptr<io::Stream> stream, TlsMode tls_mode) {
  const Endpoint peer = stream->peer();
  if (settings_->proxies.empty()) return admit(std::move(stream), Caller::direct(peer), tls_mode);
  if (contains(settings_->proxies, peer.address))
    return tasks_.start(receive_from_proxy(std::move(stream), tls_mode));
  auto refused = smtp::reply(554, {5, 7, 1}, "Only listed proxies may connect to this port");
  tell_of(peer, refused);
  tasks_.start(turn_away(std::move(stream), std::move(refused)));
}

// The proxy's own address has no share of the connections: those are its clients'.
io::Task<void> Server::receive_from_proxy(std::unique_ptr<io::Stream> stream, TlsMode tls_mode) {
  const Endpoint proxy = stream->peer();
  std::optional<smtp::Reply> refused = refuse_connection();
  std::optional<ProxiedOpening> opening;
  if (!refused) {
    const Clients::Place place(services_.clients, network_of(proxy.address));
    const Membership due(headers_due_, *stream);
    const Instant deadline = services_.loop.now() + settings_->proxy_header_timeout;
    auto read = co_await read_proxy_header(*stream, deadline);
    if (read)
      opening = *std::move(read);
    else if (!stopping_)
      refused = smtp::reply(421, {4, 3, 5}, "Bad PROXY header: " + read.error().message());
  }
  if (opening) {
    std::unique_ptr<io::Stream> whole = put_back(opening->first_octets, std::move(stream));
    admit(std::move(whole), opening->caller, tls_mode);
  } else if (refused) {
    tell_of(proxy, *refused);
    co_await turn_away(std::move(stream), *std::move(refused));
  }
}

void Server::admit(std::unique_ptr<io::Stream> stream, const Caller& caller, TlsMode tls_mode) {
  std::optional<smtp::Reply> refused = refuse_client(caller);
  if (!refused) return tasks_.start(serve(std::move(stream), caller, tls_mode));
  tell_of(caller.client, *refused);
  tasks_.start(turn_away(std::move(stream), *std::move(refused)));
}

std::optional<smtp::Reply> Server::refuse_connection() const {
  if (stopping_) return smtp::reply(421, {4, 3, 2}, "Shutting down; try again soon");
  if (services_.clients.connected() >= settings_->connections_max)
    return smtp::reply(421, {4, 3, 2}, "Too many connections; try again soon");
  return std::nullopt;
}

// Who will say by XCLIENT for whom it speaks needs no share of its own.
std::optional<smtp::Reply> Server::refuse_client(const Caller& caller) const {
  if (caller.is_known_in(settings_->xclient_networks)) return refuse_connection();
  const size_t others = services_.clients.connected_from(network_of(caller.client.address));
  if (!stopping_ && others >= settings_->connections_per_address_max)
    return smtp::reply(421, {4, 7, 0}, "Too many connections from your address");
  return refuse_connection();
}

void Server::tell_of(const Endpoint& client, const smtp::Reply& refused) {
  if (!services_.clients.is_worth_telling(network_of(client.address), services_.loop.now())) return;
  intake::Submitter submitter;
  submitter.client = client;
  services_.intake.report_rejected(submitter, std::nullopt, {}, refused);
}

io::Task<void> Server::serve(std::unique_ptr<io::Stream> stream, Caller caller, TlsMode tls_mode) {
  const std::shared_ptr<const Settings> settings = settings_;
  Session session(std::move(stream), caller, *settings, services_, tls_mode);
  const Membership membership(sessions_, session);
  co_await session.run();
}

// In the clear, also where TLS is expected: a handshake is work that we have just declined.
io::Task<void> Server::turn_away(std::unique_ptr<io::Stream> stream, smtp::Reply reply) {
  std::string wire;
  reply.append_wire(wire);
  const Instant deadline = services_.loop.now() + turn_away_timeout;
  // The client may be gone already, which is as good.
  static_cast<void>(co_await stream->write(wire, deadline));
}

std::vector<Session*> Server::running_sessions() const {
  return {sessions_.begin(), sessions_.end()};
}

io::Task<void> Server::stop(Instant deadline) {
  stopping_ = true;
  close_listeners();
  for (io::Stream* stream : std::vector(headers_due_.begin(), headers_due_.end())) stream->close();
  for (Session* session : running_sessions()) session->stop();
  io::Timer hard(services_.loop.timers());
  hard.start(deadline, [this] {
    for (Session* session : running_sessions()) session->close();
  });
  co_await tasks_.join();
}

}  // namespace waypost::submission
