#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "base/check.h"
#include "io/asio_impl.h"
#include "io/completion.h"
#include "io/passed_sockets.h"

namespace waypost::io {
namespace {

using boost::asio::ip::tcp;
using LocalProtocol = boost::asio::local::stream_protocol;
using boost::system::error_code;

constexpr int listen_backlog = 4096;

tcp::endpoint to_asio(const Endpoint& endpoint) {
  std::string_view octets = endpoint.address.octets();
  if (endpoint.address.is_v4()) {
    boost::asio::ip::address_v4::bytes_type raw;
    std::copy(octets.begin(), octets.end(), raw.begin());
    return {boost::asio::ip::address_v4(raw), endpoint.port};
  }
  boost::asio::ip::address_v6::bytes_type raw;
  std::copy(octets.begin(), octets.end(), raw.begin());
  return {boost::asio::ip::address_v6(raw), endpoint.port};
}

Endpoint from_asio(const tcp::endpoint& endpoint) {
  if (endpoint.address().is_v4())
    return {IpAddress::v4(endpoint.address().to_v4().to_bytes()), endpoint.port()};
  return {IpAddress::v6(endpoint.address().to_v6().to_bytes()), endpoint.port()};
}
Endpoint from_asio(const LocalProtocol::endpoint&) { return {}; }

std::optional<IpAddress> address_in(const sockaddr* socket_address) {
  if (!socket_address) return std::nullopt;
  if (socket_address->sa_family == AF_INET) {
    std::array<uint8_t, 4> octets;
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(socket_address);
    std::memcpy(octets.data(), &v4->sin_addr, octets.size());
    return IpAddress::v4(octets);
  }
  if (socket_address->sa_family != AF_INET6) return std::nullopt;
  std::array<uint8_t, 16> octets;
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(socket_address);
  std::memcpy(octets.data(), &v6->sin6_addr, octets.size());
  return IpAddress::v6(octets);
}

Error failed(const error_code& error, const char* what) {
  return base::system_failure(error.value(), what);
}

void prepare(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(boost::asio::socket_base::keep_alive(true), ignored);
  socket.non_blocking(true, ignored);
}
void prepare(LocalProtocol::socket& socket) {
  error_code ignored;
  socket.non_blocking(true, ignored);
}

template <class Protocol>
class AsioStream final : public Stream {
 public:
  using Socket = typename Protocol::socket;

  AsioStream(Loop& loop, Socket socket)
      : socket_(std::move(socket)), deadline_timer_(loop.timers()) {
    prepare(socket_);
    error_code ignored;
    local_ = from_asio(socket_.local_endpoint(ignored));
    peer_ = from_asio(socket_.remote_endpoint(ignored));
  }
  ~AsioStream() override { close(); }

  // What is there already comes by way of the loop too, so that a fast peer leaves others their
  // turn.
  Task<Result<size_t>> read(std::span<char> into, Instant deadline) override {
    if (closed_ || reading_stopped_) co_return failure(ErrorCode::cancelled, "read called off");
    Completion<Received> completion;
    bool timed_out = false;
    deadline_timer_.start(deadline, [this, &timed_out] {
      timed_out = true;
      interrupt();
    });
    reading_ = true;
    socket_.async_read_some(boost::asio::buffer(into.data(), into.size()),
                            [&completion](error_code error, size_t count) {
                              completion.complete({error, count});
                            });
    const Received received = co_await completion;
    reading_ = false;
    deadline_timer_.cancel();
    // Octets that came in the moment of an interruption are not lost.
    if (!received.error) co_return received.count;
    if (received.error == boost::asio::error::eof) co_return size_t{0};
    if (timed_out)
      co_return failure(ErrorCode::timed_out, "timed out waiting for the peer to send");
    if (received.error == boost::asio::error::operation_aborted)
      co_return failure(ErrorCode::cancelled, "read called off");
    co_return failure(base::system_failure(received.error.value(), "reading"));
  }

  Task<Result<void>> write(std::string_view octets, Instant deadline) override {
    while (!octets.empty()) {
      if (closed_) co_return failure(ErrorCode::cancelled, "write called off");
      ssize_t count = ::send(socket_.native_handle(), octets.data(), octets.size(), MSG_NOSIGNAL);
      if (count >= 0) {
        octets.remove_prefix(static_cast<size_t>(count));
        continue;
      }
      if (errno == EINTR) continue;
      if (errno != EAGAIN) co_return failure(base::system_failure(errno, "writing"));
      CO_TRY_VOID(co_await wait_writable(deadline));
    }
    co_return Result<void>();
  }

  void stop_reading() override {
    reading_stopped_ = true;
    if (reading_) interrupt();
  }

  void close() override {
    if (std::exchange(closed_, true)) return;
    error_code ignored;
    socket_.close(ignored);
  }

  Endpoint local() const override { return local_; }
  Endpoint peer() const override { return peer_; }

 private:
  struct Received {
    error_code error;
    size_t count = 0;
  };

  Task<Result<void>> wait_writable(Instant deadline) {
    Completion<error_code> ready;
    bool timed_out = false;
    deadline_timer_.start(deadline, [this, &timed_out] {
      timed_out = true;
      interrupt();
    });
    socket_.async_wait(Socket::wait_write, [&ready](error_code error) { ready.complete(error); });
    error_code error = co_await ready;
    deadline_timer_.cancel();
    if (timed_out)
      co_return failure(ErrorCode::timed_out, "timed out waiting for the peer to take data");
    // An interrupted wait is judged by the caller's loop, which knows why it was interrupted.
    if (error && error != boost::asio::error::operation_aborted)
      co_return failure(failed(error, "waiting for the peer"));
    co_return Result<void>();
  }

  void interrupt() {
    error_code ignored;
    socket_.cancel(ignored);
  }

  Socket socket_;
  Timer deadline_timer_;
  Endpoint local_;
  Endpoint peer_;
  bool reading_ = false;
  bool reading_stopped_ = false;
  bool closed_ = false;
};

template <class Protocol>
class AsioListener final : public Listener {
 public:
  AsioListener(Loop& loop, typename Protocol::acceptor acceptor)
      : loop_(loop), acceptor_(std::move(acceptor)) {
    error_code ignored;
    local_ = from_asio(acceptor_.local_endpoint(ignored));
  }

  Task<Result<std::unique_ptr<Stream>>> accept() override {
    if (!acceptor_.is_open()) co_return failure(ErrorCode::cancelled, "listener closed");
    typename Protocol::socket socket(acceptor_.get_executor());
    Completion<error_code> accepted;
    acceptor_.async_accept(socket, [&accepted](error_code error) { accepted.complete(error); });
    error_code error = co_await accepted;
    if (error == boost::asio::error::operation_aborted)
      co_return failure(ErrorCode::cancelled, "listener closed");
    if (error) co_return failure(failed(error, "accepting a connection"));
    co_return std::make_unique<AsioStream<Protocol>>(loop_, std::move(socket));
  }

  void close() override {
    error_code ignored;
    acceptor_.close(ignored);
  }

  Endpoint local() const override { return local_; }

 private:
  Loop& loop_;
  typename Protocol::acceptor acceptor_;
  Endpoint local_;
};

template <class Protocol>
Task<Result<std::unique_ptr<Stream>>> connect_socket(Loop& loop, typename Protocol::socket socket,
                                                     typename Protocol::endpoint to,
                                                     Instant deadline,
                                                     Cancellation* cancellation = nullptr) {
  if (cancellation && cancellation->cancelled())
    co_return failure(ErrorCode::cancelled, "connecting was called off");
  Completion<error_code> connected;
  bool timed_out = false;
  Timer timer(loop.timers());
  timer.start(deadline, [&] {
    timed_out = true;
    error_code ignored;
    socket.close(ignored);
  });
  Cancellation::Watch watch(cancellation, [&socket] {
    error_code ignored;
    socket.close(ignored);
  });
  socket.async_connect(to, [&connected](error_code error) { connected.complete(error); });
  error_code error = co_await connected;
  if (cancellation && cancellation->cancelled())
    co_return failure(ErrorCode::cancelled, "connecting was called off");
  if (timed_out) co_return failure(ErrorCode::timed_out, "connecting timed out");
  if (error) co_return failure(failed(error, "connecting"));
  co_return std::make_unique<AsioStream<Protocol>>(loop, std::move(socket));
}

class AsioNetwork final : public Network {
 public:
  AsioNetwork(Loop& loop, boost::asio::io_context& context) : loop_(loop), context_(context) {}

  Result<std::unique_ptr<Listener>> listen(const Endpoint& at, ListenOptions options) override {
    tcp::endpoint endpoint = to_asio(at);
    error_code error;
    // Two that listen at one port are in each other's way, unless both share it.
    if (options.first_of_shared) bound_to(endpoint, false, error);
    tcp::acceptor acceptor(context_);
    if (!error) acceptor = bound_to(endpoint, options.shared_port, error);
    if (!error) acceptor.listen(listen_backlog, error);
    if (error) return failure(failed(error, "listening").while_doing("opening " + at.text()));
    return std::make_unique<AsioListener<tcp>>(loop_, std::move(acceptor));
  }

  Task<Result<std::unique_ptr<Stream>>> connect(Endpoint to, ConnectOptions options,
                                                Instant deadline) override {
    tcp::socket socket(context_);
    error_code error;
    tcp::endpoint endpoint = to_asio(to);
    socket.open(endpoint.protocol(), error);
    if (!error && options.source) socket.bind(to_asio({*options.source, 0}), error);
    if (error) co_return failure(failed(error, "preparing a connection"));
    co_return co_await connect_socket<tcp>(loop_, std::move(socket), endpoint, deadline,
                                           options.cancellation);
  }

  Result<std::vector<IpAddress>> own_addresses() override {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0)
      return failure(base::system_failure(errno, "listing this machine's addresses"));
    std::vector<IpAddress> addresses;
    for (const ifaddrs* each = first; each; each = each->ifa_next)
      if (auto address = address_in(each->ifa_addr)) addresses.push_back(*address);
    ::freeifaddrs(first);
    return addresses;
  }

  Result<std::unique_ptr<Listener>> listen_local(const std::string& path) override {
    if (path.size() >= sizeof(sockaddr_un::sun_path))
      return failure(ErrorCode::invalid_input, "the path of the local socket is too long: " + path);
    struct stat facts;
    if (::lstat(path.c_str(), &facts) == 0 && S_ISSOCK(facts.st_mode)) ::unlink(path.c_str());
    LocalProtocol::acceptor acceptor(context_);
    error_code error;
    acceptor.open(LocalProtocol(), error);
    // The mode of a socket that is not bound yet becomes the mode of its file.
    if (!error && ::fchmod(acceptor.native_handle(), S_IRUSR | S_IWUSR) != 0)
      error.assign(errno, boost::system::generic_category());
    if (!error) acceptor.bind(LocalProtocol::endpoint(path), error);
    if (!error) acceptor.listen(listen_backlog, error);
    if (error) return failure(failed(error, "listening").while_doing("opening " + path));
    return std::make_unique<AsioListener<LocalProtocol>>(loop_, std::move(acceptor));
  }

  Task<Result<std::unique_ptr<Stream>>> connect_local(std::string path, Instant deadline) override {
    if (path.size() >= sizeof(sockaddr_un::sun_path))
      co_return failure(ErrorCode::invalid_input,
                        "the path of the local socket is too long: " + path);
    LocalProtocol::socket socket(context_);
    co_return co_await connect_socket<LocalProtocol>(loop_, std::move(socket),
                                                     LocalProtocol::endpoint(path), deadline);
  }

 private:
  tcp::acceptor bound_to(const tcp::endpoint& endpoint, bool shared_port, error_code& error) {
    using SharedPort = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
    tcp::acceptor acceptor(context_);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && endpoint.protocol() == tcp::v6())
      acceptor.set_option(boost::asio::ip::v6_only(true), error);
    if (!error && shared_port) acceptor.set_option(SharedPort(true), error);
    if (!error) acceptor.bind(endpoint, error);
    return acceptor;
  }

  Loop& loop_;
  boost::asio::io_context& context_;
};

}  // namespace

std::unique_ptr<Network> make_asio_network(AsioLoop& loop, boost::asio::io_context& context) {
  return std::make_unique<AsioNetwork>(loop, context);
}

Result<std::unique_ptr<Listener>> listen_on(AsioLoop& loop, const PassedSockets::Socket& socket) {
  const int copy = ::fcntl(socket.descriptor.get(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return failure(base::system_failure(errno, "copying a passed socket"));
  tcp::acceptor acceptor(loop.impl().context);
  error_code error;
  acceptor.assign(to_asio(socket.local).protocol(), copy, error);
  if (error) {
    ::close(copy);
    return failure(failed(error, "listening at a passed socket"));
  }
  return std::make_unique<AsioListener<tcp>>(loop, std::move(acceptor));
}

}  // namespace waypost::io
