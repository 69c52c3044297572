#include "io/sim_connection.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "io/draw.h"

namespace waypost::io {
namespace {

using namespace std::chrono_literals;

// How long until something that did not get through is sent again.
constexpr Duration retransmission_interval = 1s;
constexpr uint64_t tiny_piece_octets_max = 16;
constexpr uint64_t tiny_pieces_octets_max = 16 * 1024;

}  // namespace

SimWait::SimWait(SimWait*& slot, SimProcess& process, std::optional<Instant> deadline)
    : slot_(slot), timer_(process.timers()) {
  CHECK(!slot_);
  slot_ = this;
  if (deadline) timer_.start(*deadline, [this] { woken_.complete(false); });
}

void SimWait::wake() {
  if (woken_.completed()) return;
  timer_.cancel();
  woken_.complete(true);
}

SimConnection::SimConnection(SimNetwork& network, uint64_t number, SimProcess& from, Endpoint local,
                             SimNetwork::Name to)
    : network_(network),
      world_(network.world_),
      number_(number),
      to_(std::move(to)),
      same_host_(to_.host == from.host()),
      fate_(draw_fate()) {
  ends_[opener].process = &from;
  ends_[opener].local = local;
}

SimConnection::~SimConnection() { network_.connections_.erase(number_); }

SimConnection::Fate SimConnection::draw_fate() {
  const SimNetworkFaults& faults = network_.faults_;
  Rng& rng = world_.rng();
  Fate fate;
  fate.tiny_pieces = draw_chance(rng, faults.tiny_pieces_share);
  fate.refused = draw_chance(rng, faults.refused_share);
  fate.blackholed = draw_chance(rng, faults.blackholed_share);
  if (draw_chance(rng, faults.reset_share))
    fate.reset_after_octets = draw_between(rng, 0, faults.reset_octets_max);
  if (draw_chance(rng, faults.stall_share)) {
    fate.stall_after_octets = draw_between(rng, 0, faults.reset_octets_max);
    fate.stall = draw_between(rng, faults.stall_min, faults.stall_max);
  }
  return fate;
}

bool SimConnection::faultless() const {
  return same_host_ || number_ <= network_.healed_through_ ||
         network_.faults_.reliable_hosts.contains(to_.endpoint.address);
}

Duration SimConnection::latency() {
  if (same_host_) return draw_between(world_.rng(), Duration(1us), Duration(50us));
  return draw_between(world_.rng(), network_.faults_.latency_min, network_.faults_.latency_max);
}

bool SimConnection::held_up() {
  if (same_host_) return false;
  if (network_.cut(ends_[opener].process->host(), to_.host)) return true;
  return !faultless() && world_.now() < stalled_until_;
}

void SimConnection::send_opening(Duration delay) {
  world_.schedule(world_.now() + delay, nullptr,
                  [self = shared_from_this()] { self->opening_arrives(); });
}

void SimConnection::opening_arrives() {
  if (ends_[opener].closed) return;
  bool lost = !network_.exists(to_.host) || held_up() || (fate_.blackholed && !faultless());
  if (lost) return send_opening(retransmission_interval);
  std::shared_ptr<SimAcceptor> found;
  if (!fate_.refused || faultless()) found = network_.acceptor_at(to_);
  if (!found) return answer(Stage::refused);
  if (found->full()) return send_opening(retransmission_interval);
  ends_[acceptor].process = &found->process();
  ends_[acceptor].local = to_.path.empty() ? to_.endpoint : Endpoint{};
  counted_ = true;
  network_.count(to_.endpoint, +1);
  found->arrived(shared_from_this());
  answer(Stage::established);
}

void SimConnection::answer(Stage stage) {
  world_.schedule(world_.now() + latency(), nullptr, [self = shared_from_this(), stage] {
    self->stage_ = stage;
    self->wake(opener);
  });
}

Endpoint SimConnection::local(Side side) const { return ends_[side].local; }

// Whoever waits is always resumed by an event of its own process, so that nothing that a peer does
// runs inside of what it does to it.
void SimConnection::wake(Side side) {
  End& end = ends_[side];
  if (!end.waiter) return;
  end.process->post([self = shared_from_this(), side] {
    if (SimWait* waiter = self->ends_[side].waiter) waiter->wake();
  });
}

Task<Result<void>> SimConnection::established(std::shared_ptr<SimConnection> connection,
                                              Instant deadline, Cancellation* cancellation) {
  End& end = connection->ends_[opener];
  Cancellation::Watch watch(cancellation, [&connection] { connection->wake(opener); });
  while (connection->stage_ == Stage::opening) {
    if (cancellation && cancellation->cancelled())
      co_return failure(ErrorCode::cancelled, "connecting was called off");
    SimWait wait(end.waiter, *end.process, deadline);
    bool woken = co_await wait;
    if (!woken) co_return failure(ErrorCode::timed_out, "connecting timed out");
  }
  if (connection->stage_ == Stage::refused)
    co_return failure(base::system_failure(ECONNREFUSED, "connecting"));
  co_return Result<void>();
}

Task<Result<size_t>> SimConnection::read(std::shared_ptr<SimConnection> connection, Side side,
                                         std::span<char> into, Instant deadline) {
  End& end = connection->ends_[side];
  while (true) {
    if (end.closed || end.reading_stopped)
      co_return failure(ErrorCode::cancelled, "read called off");
    if (end.unread() > 0) co_return connection->take(side, into);
    if (end.reset_arrived) co_return failure(base::system_failure(ECONNRESET, "reading"));
    if (end.end_arrived) co_return size_t{0};
    SimWait wait(end.waiter, *end.process, deadline);
    bool woken = co_await wait;
    if (!woken) co_return failure(ErrorCode::timed_out, "timed out waiting for the peer to send");
  }
}

Task<Result<void>> SimConnection::write(std::shared_ptr<SimConnection> connection, Side side,
                                        std::string_view octets, Instant deadline) {
  End& end = connection->ends_[side];
  while (!octets.empty()) {
    if (end.closed) co_return failure(ErrorCode::cancelled, "write called off");
    if (end.reset_arrived) co_return failure(base::system_failure(EPIPE, "writing"));
    size_t window = std::max<size_t>(connection->network_.faults_.in_flight_octets_max, 1);
    if (end.unread_by_peer < window) {
      size_t count = std::min(octets.size(), window - end.unread_by_peer);
      connection->send_pieces(side, octets.substr(0, count));
      octets.remove_prefix(count);
      continue;
    }
    SimWait wait(end.waiter, *end.process, deadline);
    bool woken = co_await wait;
    if (!woken)
      co_return failure(ErrorCode::timed_out, "timed out waiting for the peer to take data");
  }
  co_return Result<void>();
}

void SimConnection::stop_reading(Side side) {
  ends_[side].reading_stopped = true;
  wake(side);  // a write that waits sees nothing new and goes on waiting
}

void SimConnection::close(Side side) {
  bool unread = ends_[side].unread() > 0;
  end_with(side, unread ? Segment::Kind::reset : Segment::Kind::end);
}

void SimConnection::abort(Side side) { end_with(side, Segment::Kind::reset); }

void SimConnection::end_with(Side side, Segment::Kind kind) {
  End& end = ends_[side];
  if (std::exchange(end.closed, true)) return;
  end.inbox.clear();
  end.inbox_taken = 0;
  bool other_side_knows = ends_[acceptor].process != nullptr;
  if (other_side_knows) send(side, kind, {});
  settle_count();
  wake(side);
}

void SimConnection::settle_count() {
  bool open = !ends_[opener].closed && !ends_[opener].reset_arrived;
  if (open || !std::exchange(counted_, false)) return;
  network_.count(to_.endpoint, -1);
}

void SimConnection::send_pieces(Side from, std::string_view octets) {
  ends_[from].unread_by_peer += octets.size();
  uint64_t limit = std::max<uint64_t>(network_.faults_.piece_octets_max, 1);
  // For a while only: a large message in tiny pieces teaches nothing more and takes long.
  if (fate_.tiny_pieces && octets_carried_ < tiny_pieces_octets_max)
    limit = std::min(limit, tiny_piece_octets_max);
  while (!octets.empty()) {
    size_t count = std::min<size_t>(octets.size(), draw_between(world_.rng(), 1, limit));
    send(from, Segment::Kind::data, std::string(octets.substr(0, count)));
    octets.remove_prefix(count);
  }
}

void SimConnection::send(Side from, Segment::Kind kind, std::string octets) {
  End& sender = ends_[from];
  if (sender.reset_arrived || sender.reset_sent) return;
  if (kind == Segment::Kind::reset) sender.reset_sent = true;
  Instant arrives_at = world_.now() + latency();
  bool idle = sender.in_transit.empty();
  if (!idle) arrives_at = std::max(arrives_at, sender.in_transit.back().arrives_at);
  sender.in_transit.push_back({kind, arrives_at, std::move(octets)});
  if (idle) schedule_arrival(from, arrives_at);
}

void SimConnection::schedule_arrival(Side from, Instant at) {
  world_.schedule(at, nullptr, [self = shared_from_this(), from] { self->arrive(from); });
}

void SimConnection::arrive(Side from) {
  if (held_up()) return schedule_arrival(from, world_.now() + retransmission_interval);
  End& sender = ends_[from];
  Segment segment = std::move(sender.in_transit.front());
  sender.in_transit.pop_front();
  if (!sender.in_transit.empty()) schedule_arrival(from, sender.in_transit.front().arrives_at);
  Side to = other(from);
  world_.trace(number_ * 2 + to);
  if (segment.kind == Segment::Kind::data) return arrive_data(to, std::move(segment.octets));
  End& receiver = ends_[to];
  (segment.kind == Segment::Kind::end ? receiver.end_arrived : receiver.reset_arrived) = true;
  settle_count();
  wake(to);
}

void SimConnection::arrive_data(Side to, std::string octets) {
  End& receiver = ends_[to];
  world_.trace(octets);
  if (receiver.reset_arrived) return;
  // Nobody will ever read it, and TCP says so.
  if (receiver.closed) return send(to, Segment::Kind::reset, {});
  octets_carried_ += octets.size();
  receiver.inbox += octets;
  wake(to);
  if (!faultless()) apply_faults();
}

void SimConnection::apply_faults() {
  if (fate_.stall_after_octets && octets_carried_ >= *fate_.stall_after_octets) {
    fate_.stall_after_octets.reset();
    stalled_until_ = world_.now() + fate_.stall;
  }
  if (!fate_.reset_after_octets || octets_carried_ < *fate_.reset_after_octets) return;
  for (Side side : {opener, acceptor}) {
    ends_[side].reset_arrived = true;
    wake(side);
  }
  settle_count();
}

size_t SimConnection::take(Side side, std::span<char> into) {
  End& end = ends_[side];
  size_t count = std::min(into.size(), end.unread());
  std::copy_n(end.inbox.begin() + static_cast<ptrdiff_t>(end.inbox_taken), count, into.begin());
  end.inbox_taken += count;
  if (end.unread() == 0) {
    end.inbox.clear();
    end.inbox_taken = 0;
  }
  world_.schedule(world_.now() + latency(), nullptr, [self = shared_from_this(), side, count] {
    self->ends_[other(side)].unread_by_peer -= count;
    self->wake(other(side));
  });
  return count;
}

namespace {

class SimStream final : public Stream {
 public:
  SimStream(std::shared_ptr<SimConnection> connection, SimConnection::Side side)
      : connection_(std::move(connection)), side_(side) {}
  ~SimStream() override { close(); }

  Task<Result<size_t>> read(std::span<char> into, Instant deadline) override {
    return SimConnection::read(connection_, side_, into, deadline);
  }
  Task<Result<void>> write(std::string_view octets, Instant deadline) override {
    return SimConnection::write(connection_, side_, octets, deadline);
  }
  void stop_reading() override { connection_->stop_reading(side_); }
  void close() override { connection_->close(side_); }

  Endpoint local() const override { return connection_->local(side_); }
  Endpoint peer() const override {
    return connection_->local(side_ == SimConnection::opener ? SimConnection::acceptor
                                                             : SimConnection::opener);
  }

 private:
  std::shared_ptr<SimConnection> connection_;
  SimConnection::Side side_;
};

}  // namespace

std::unique_ptr<Stream> make_sim_stream(std::shared_ptr<SimConnection> connection,
                                        SimConnection::Side side) {
  return std::make_unique<SimStream>(std::move(connection), side);
}

}  // namespace waypost::io
