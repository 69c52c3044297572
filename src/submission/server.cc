#include "submission/server.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace waypost::submission {
namespace {

constexpr std::chrono::milliseconds accept_retry_delay{100};
constexpr std::chrono::seconds turn_away_timeout{1};

// One customer of a provider has a whole /64 of IPv6, so that is what counts as one client.
IpAddress client_network(const IpAddress& address) {
  if (address.is_v4()) return address;
  constexpr size_t network_octets = 8;
  std::array<uint8_t, 16> octets{};
  const std::string_view raw = address.octets();
  std::copy_n(raw.begin(), network_octets, octets.begin());
  return IpAddress::v6(octets);
}

}  // namespace

// A session's entry in the server's books, from its start to its end.
class Server::Place {
 public:
  Place(Server& server, Session& session, IpAddress network)
      : server_(server), session_(session), network_(network) {
    server_.sessions_.insert(&session_);
    ++server_.sessions_by_network_[network_];
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    server_.sessions_.erase(&session_);
    const auto count = server_.sessions_by_network_.find(network_);
    if (--count->second == 0) server_.sessions_by_network_.erase(count);
  }

 private:
  Server& server_;
  Session& session_;
  IpAddress network_;
};

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
      admit(*std::move(stream), at.tls_mode);
      continue;
    }
    if (stream.error().code() == ErrorCode::cancelled) co_return;
    // Descriptors or memory ran out, or the client was gone again: others wait in the backlog.
    co_await io::sleep_until(services_.loop, services_.loop.now() + accept_retry_delay);
  }
}

void Server::admit(std::unique_ptr<io::Stream> stream, TlsMode tls_mode) {
  const auto count = sessions_by_network_.find(client_network(stream->peer().address));
  const bool network_is_full = count != sessions_by_network_.end() &&
                               count->second >= settings_->connections_per_address_max;
  std::optional<smtp::Reply> refused;
  if (stopping_)
    refused = smtp::reply(421, {4, 3, 2}, "Shutting down; try again soon");
  else if (network_is_full)
    refused = smtp::reply(421, {4, 7, 0}, "Too many connections from your address");
  else if (sessions_.size() >= settings_->connections_max)
    refused = smtp::reply(421, {4, 3, 2}, "Too many connections; try again soon");
  if (refused)
    tasks_.start(turn_away(std::move(stream), *std::move(refused)));
  else
    tasks_.start(serve(std::move(stream), tls_mode));
}

io::Task<void> Server::serve(std::unique_ptr<io::Stream> stream, TlsMode tls_mode) {
  const IpAddress network = client_network(stream->peer().address);
  const std::shared_ptr<const Settings> settings = settings_;
  Session session(std::move(stream), *settings, services_, tls_mode);
  Place place(*this, session, network);
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
  for (Session* session : running_sessions()) session->stop();
  io::Timer hard(services_.loop.timers());
  hard.start(deadline, [this] {
    for (Session* session : running_sessions()) session->close();
  });
  co_await tasks_.join();
}

}  // namespace waypost::submission
