#pragma once

#include <coroutine>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/ip_address.h"
#include "io/completion.h"
#include "io/network.h"
#include "io/sim_network.h"
#include "io/sim_world.h"

// The inside of the simulated network: connections and what listens.
namespace waypost::io {

// A frame that waits, registered where it waits for as long as it does: it may be resumed, time
// out or be destroyed, and nothing points at it afterwards. Awaiting it answers false when the
// deadline ended it. Being woken proves nothing: look again at what is waited for.
class SimWait {
 public:
  SimWait(SimWait*& slot, SimProcess& process, std::optional<Instant> deadline);
  SimWait(const SimWait&) = delete;
  SimWait& operator=(const SimWait&) = delete;
  ~SimWait() { slot_ = nullptr; }

  void wake();

  bool await_ready() const noexcept { return woken_.await_ready(); }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept { woken_.await_suspend(awaiting); }
  bool await_resume() { return woken_.await_resume(); }

 private:
  SimWait*& slot_;
  Completion<bool> woken_;
  Timer timer_;
};

// One connection, both ends of it. Each end belongs to a process; what one sends reaches the other
// by an event of the world, never directly.
class SimConnection final : public std::enable_shared_from_this<SimConnection> {
 public:
  enum Side { opener = 0, acceptor = 1 };
  enum class Stage { opening, refused, established };

  struct Fate {
    bool refused = false;
    bool blackholed = false;
    bool tiny_pieces = false;
    std::optional<uint64_t> reset_after_octets;
    std::optional<uint64_t> stall_after_octets;
    Duration stall{0};
  };

  SimConnection(SimNetwork& network, uint64_t number, SimProcess& from, Endpoint local,
                SimNetwork::Name to);
  SimConnection(const SimConnection&) = delete;
  SimConnection& operator=(const SimConnection&) = delete;
  ~SimConnection();

  // The opener's first packet goes out; it goes again while nothing answers.
  void send_opening(Duration delay);
  // The waits of Network::connect() and Stream. Static, so that the frame keeps the connection
  // alive whatever happens to the stream.
  static Task<Result<void>> established(std::shared_ptr<SimConnection> connection, Instant deadline,
                                        Cancellation* cancellation);
  static Task<Result<size_t>> read(std::shared_ptr<SimConnection> connection, Side side,
                                   std::span<char> into, Instant deadline);
  static Task<Result<void>> write(std::shared_ptr<SimConnection> connection, Side side,
                                  std::string_view octets, Instant deadline);
  void stop_reading(Side side);
  // As the kernel does: a clean end, or a reset where octets were left unread.
  void close(Side side);
  // A reset in any case: the process died.
  void abort(Side side);

  Endpoint local(Side side) const;
  SimProcess* process(Side side) const { return ends_[side].process; }
  // It is among the open ones of SimConnectionCount.
  bool counted() const { return counted_; }

 private:
  struct Segment {
    enum class Kind { data, end, reset } kind;
    Instant arrives_at;
    std::string octets;
  };
  struct End {
    SimProcess* process = nullptr;
    Endpoint local;
    std::string inbox;
    size_t inbox_taken = 0;
    size_t unread_by_peer = 0;  // octets sent that the other side has not read
    std::deque<Segment> in_transit;
    bool end_arrived = false;
    bool reset_arrived = false;
    bool reading_stopped = false;
    bool closed = false;
    bool reset_sent = false;
    SimWait* waiter = nullptr;

    size_t unread() const { return inbox.size() - inbox_taken; }
  };
  static Side other(Side side) { return side == opener ? acceptor : opener; }

  Fate draw_fate();
  void opening_arrives();
  void answer(Stage stage);
  void wake(Side side);
  void end_with(Side side, Segment::Kind kind);
  void send(Side from, Segment::Kind kind, std::string octets);
  void send_pieces(Side from, std::string_view octets);
  void schedule_arrival(Side from, Instant at);
  void arrive(Side from);
  void arrive_data(Side to, std::string octets);
  void apply_faults();
  bool held_up();
  size_t take(Side side, std::span<char> into);
  void settle_count();
  Duration latency();
  bool faultless() const;

  SimNetwork& network_;
  SimWorld& world_;
  const uint64_t number_;
  const SimNetwork::Name to_;
  const bool same_host_;
  Fate fate_;
  Stage stage_ = Stage::opening;
  End ends_[2];
  uint64_t octets_carried_ = 0;
  Instant stalled_until_;
  bool counted_ = false;
};

// What stands behind a listener: it outlives it where connections are still arriving.
class SimAcceptor final : public std::enable_shared_from_this<SimAcceptor> {
 public:
  SimAcceptor(SimNetwork& network, SimProcess& process, SimNetwork::Name name, bool shared)
      : network_(network), process_(process), name_(std::move(name)), shared_(shared) {}

  static Task<Result<std::unique_ptr<Stream>>> accept(std::shared_ptr<SimAcceptor> acceptor);
  void arrived(std::shared_ptr<SimConnection> connection);
  bool full() const;
  void close();

  SimProcess& process() const { return process_; }
  const SimNetwork::Name& name() const { return name_; }
  bool shared() const { return shared_; }

 private:
  void wake();

  SimNetwork& network_;
  SimProcess& process_;
  const SimNetwork::Name name_;
  const bool shared_;
  bool closed_ = false;
  std::deque<std::shared_ptr<SimConnection>> backlog_;
  SimWait* waiter_ = nullptr;
};

std::unique_ptr<Stream> make_sim_stream(std::shared_ptr<SimConnection> connection,
                                        SimConnection::Side side);

}  // namespace waypost::io
