#include "io/sim_network.h"

#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "io/draw.h"
#include "io/sim_connection.h"
#include "io/sim_world.h"

namespace waypost::io {
namespace {

constexpr size_t backlog_max = 4096;
constexpr size_t path_octets_max = 107;  // sockaddr_un
constexpr uint16_t first_free_port = 32768;
constexpr uint16_t last_free_port = 60999;

bool is_wildcard(const IpAddress& address) {
  return address == IpAddress() || address == IpAddress::v6({});
}

std::pair<IpAddress, IpAddress> pair_of(const IpAddress& one, const IpAddress& other) {
  return std::minmax(one, other);
}

class SimListener final : public Listener {
 public:
  explicit SimListener(std::shared_ptr<SimAcceptor> acceptor) : acceptor_(std::move(acceptor)) {}
  ~SimListener() override { close(); }

  Task<Result<std::unique_ptr<Stream>>> accept() override { return SimAcceptor::accept(acceptor_); }
  void close() override { acceptor_->close(); }
  Endpoint local() const override {
    return acceptor_->name().path.empty() ? acceptor_->name().endpoint : Endpoint{};
  }

 private:
  std::shared_ptr<SimAcceptor> acceptor_;
};

Task<Result<std::unique_ptr<Stream>>> open_stream(std::shared_ptr<SimConnection> connection,
                                                  Instant deadline,
                                                  Cancellation* cancellation = nullptr) {
  // Closes the attempt when the frame goes before there is an answer.
  std::unique_ptr<Stream> stream = make_sim_stream(connection, SimConnection::opener);
  CO_TRY_VOID(co_await SimConnection::established(connection, deadline, cancellation));
  co_return std::move(stream);
}

Task<Result<std::unique_ptr<Stream>>> fail(Error error) { co_return failure(std::move(error)); }

}  // namespace

// The network as one process sees it.
class SimProcessNetwork final : public Network {
 public:
  SimProcessNetwork(SimNetwork& network, SimProcess& process)
      : network_(network), process_(process) {}

  Result<std::unique_ptr<Listener>> listen(const Endpoint& at, ListenOptions options) override {
    bool ours = is_wildcard(at.address) || at.address.is_loopback() ||
                process_.addresses().contains(at.address);
    SimNetwork::Name name{process_.host(), at, {}};
    if (at.port == 0) name.endpoint.port = network_.next_port();
    int error = !ours ? EADDRNOTAVAIL : network_.taken(name, options.shared_port) ? EADDRINUSE : 0;
    if (error != 0)
      return failure(base::system_failure(error, "listening").while_doing("opening " + at.text()));
    return std::make_unique<SimListener>(
        network_.listen(process_, std::move(name), options.shared_port));
  }

  Task<Result<std::unique_ptr<Stream>>> connect(Endpoint to, ConnectOptions options,
                                                Instant deadline) override {
    std::optional<IpAddress> source = source_for(to.address, options);
    if (!source)
      return fail(base::system_failure(options.source ? EADDRNOTAVAIL : ENETUNREACH,
                                       "preparing a connection"));
    IpAddress host = to.address.is_loopback() ? process_.host() : network_.host_of(to.address);
    return open_stream(network_.open(process_, {*source, network_.next_port()}, {host, to, {}}),
                       deadline, options.cancellation);
  }

  Result<std::vector<IpAddress>> own_addresses() override {
    return std::vector<IpAddress>(process_.addresses().begin(), process_.addresses().end());
  }

  Result<std::unique_ptr<Listener>> listen_local(const std::string& path) override {
    if (path.size() > path_octets_max)
      return failure(ErrorCode::invalid_input, "the path of the local socket is too long: " + path);
    SimNetwork::Name name{process_.host(), {}, path};
    network_.listening_.erase(name);
    network_.paths_ever_.insert(name);
    return std::make_unique<SimListener>(network_.listen(process_, std::move(name), false));
  }

  Task<Result<std::unique_ptr<Stream>>> connect_local(std::string path, Instant deadline) override {
    SimNetwork::Name name{process_.host(), {}, std::move(path)};
    if (!network_.paths_ever_.contains(name))
      return fail(base::system_failure(ENOENT, "connecting"));
    return open_stream(network_.open(process_, {}, std::move(name)), deadline);
  }

 private:
  std::optional<IpAddress> source_for(const IpAddress& to, const ConnectOptions& options) const {
    const auto& addresses = process_.addresses();
    if (options.source) return addresses.contains(*options.source) ? options.source : std::nullopt;
    if (to.is_loopback()) return to;
    if (process_.host().is_v4() == to.is_v4()) return process_.host();
    auto found = std::find_if(addresses.begin(), addresses.end(),
                              [&](const auto& own) { return own.is_v4() == to.is_v4(); });
    return found == addresses.end() ? std::nullopt : std::optional(*found);
  }

  SimNetwork& network_;
  SimProcess& process_;
};

SimNetwork::SimNetwork(SimWorld& world) : world_(world) {}
SimNetwork::~SimNetwork() = default;

std::unique_ptr<Network> SimNetwork::for_process(SimProcess& process) {
  return std::make_unique<SimProcessNetwork>(*this, process);
}

std::shared_ptr<SimConnection> SimNetwork::open(SimProcess& process, Endpoint from, Name to) {
  auto connection =
      std::make_shared<SimConnection>(*this, ++connections_opened_, process, from, to);
  connections_.emplace(connections_opened_, connection);
  if (to.host != process.host() && !faults_.reliable_hosts.contains(to.endpoint.address) &&
      draw_chance(world_.rng(), faults_.host_down_share))
    take_down(to.host, world_.now() + draw_between(world_.rng(), faults_.host_down_min,
                                                   faults_.host_down_max));
  connection->send_opening(draw_between(world_.rng(), faults_.latency_min, faults_.latency_max));
  return connection;
}

bool SimNetwork::taken(const Name& name, bool shared) const {
  auto found = listening_.find(name);
  if (found == listening_.end()) return false;
  return !shared || !std::all_of(found->second.begin(), found->second.end(),
                                 [](const auto& acceptor) { return acceptor->shared(); });
}

std::shared_ptr<SimAcceptor> SimNetwork::listen(SimProcess& process, Name name, bool shared) {
  auto& acceptors = listening_[name];
  acceptors.push_back(std::make_shared<SimAcceptor>(*this, process, std::move(name), shared));
  return acceptors.back();
}

std::shared_ptr<SimAcceptor> SimNetwork::acceptor_at(const Name& name) {
  auto found = listening_.find(name);
  if (found == listening_.end() && name.path.empty()) {
    Name any = name;
    any.endpoint.address = name.endpoint.address.is_v4() ? IpAddress() : IpAddress::v6({});
    found = listening_.find(any);
  }
  if (found == listening_.end()) return nullptr;
  return found->second[draw_below(world_.rng(), found->second.size())];
}

void SimNetwork::forget(const SimAcceptor& acceptor) {
  auto found = listening_.find(acceptor.name());
  if (found == listening_.end()) return;
  std::erase_if(found->second, [&](const auto& listed) { return listed.get() == &acceptor; });
  if (found->second.empty()) listening_.erase(found);
}

IpAddress SimNetwork::host_of(const IpAddress& address) const {
  auto found = hosts_.find(address);
  return found == hosts_.end() ? address : found->second;
}

uint16_t SimNetwork::next_port() {
  last_port_ =
      last_port_ < last_free_port ? static_cast<uint16_t>(last_port_ + 1) : first_free_port;
  return last_port_;
}

void SimNetwork::count(const Endpoint& listening, int change) {
  SimConnectionCount& counted = counts_[listening];
  if (change > 0) ++counted.total;
  counted.open = change > 0 ? counted.open + 1 : counted.open - 1;
  counted.peak = std::max(counted.peak, counted.open);
}

SimConnectionCount SimNetwork::connections(const Endpoint& listening) const {
  auto found = counts_.find(listening);
  return found == counts_.end() ? SimConnectionCount() : found->second;
}

size_t SimNetwork::open_from(const SimProcess& process) const {
  size_t open = 0;
  for (const auto& [number, weak] : connections_) {
    auto connection = weak.lock();
    if (connection && connection->counted() &&
        connection->process(SimConnection::opener) == &process)
      ++open;
  }
  return open;
}

void SimNetwork::partition(IpAddress one, IpAddress other) {
  partitions_.insert(pair_of(host_of(one), host_of(other)));
}

void SimNetwork::heal_partition(IpAddress one, IpAddress other) {
  partitions_.erase(pair_of(host_of(one), host_of(other)));
}

void SimNetwork::take_down(IpAddress host, Instant until) {
  Instant& down_until = down_until_[host_of(host)];
  down_until = std::max(down_until, until);
}

bool SimNetwork::cut(const IpAddress& one, const IpAddress& other) const {
  auto down = [this](const IpAddress& host) {
    auto found = down_until_.find(host);
    return found != down_until_.end() && world_.now() < found->second;
  };
  return down(one) || down(other) || partitions_.contains(pair_of(one, other));
}

void SimNetwork::heal() {
  SimNetworkFaults none;
  none.latency_min = faults_.latency_min;
  none.latency_max = faults_.latency_max;
  none.piece_octets_max = faults_.piece_octets_max;
  none.tiny_pieces_share = faults_.tiny_pieces_share;
  none.in_flight_octets_max = faults_.in_flight_octets_max;
  none.reliable_hosts = std::move(faults_.reliable_hosts);
  faults_ = std::move(none);
  partitions_.clear();
  down_until_.clear();
  healed_through_ = connections_opened_;
}

void SimNetwork::process_killed(SimProcess& process) {
  std::vector<std::shared_ptr<SimAcceptor>> acceptors;
  for (const auto& [name, listed] : listening_)
    for (const auto& acceptor : listed)
      if (&acceptor->process() == &process) acceptors.push_back(acceptor);
  for (const auto& acceptor : acceptors) acceptor->close();

  std::vector<std::shared_ptr<SimConnection>> open;
  for (const auto& [number, weak] : connections_)
    if (auto connection = weak.lock()) open.push_back(std::move(connection));
  for (const auto& connection : open)
    for (auto side : {SimConnection::opener, SimConnection::acceptor})
      if (connection->process(side) == &process) connection->abort(side);
}

Task<Result<std::unique_ptr<Stream>>> SimAcceptor::accept(std::shared_ptr<SimAcceptor> acceptor) {
  while (true) {
    if (acceptor->closed_) co_return failure(ErrorCode::cancelled, "listener closed");
    if (!acceptor->backlog_.empty()) {
      auto connection = std::move(acceptor->backlog_.front());
      acceptor->backlog_.pop_front();
      co_return make_sim_stream(std::move(connection), SimConnection::acceptor);
    }
    SimWait wait(acceptor->waiter_, acceptor->process_, std::nullopt);
    co_await wait;
  }
}

void SimAcceptor::arrived(std::shared_ptr<SimConnection> connection) {
  backlog_.push_back(std::move(connection));
  wake();
}

bool SimAcceptor::full() const { return backlog_.size() >= backlog_max; }

void SimAcceptor::close() {
  if (std::exchange(closed_, true)) return;
  network_.forget(*this);
  for (const auto& connection : std::exchange(backlog_, {}))
    connection->abort(SimConnection::acceptor);
  wake();
}

void SimAcceptor::wake() {
  if (!waiter_) return;
  process_.post([self = shared_from_this()] {
    if (self->waiter_) self->waiter_->wake();
  });
}

}  // namespace waypost::io
