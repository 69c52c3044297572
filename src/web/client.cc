#include "web/client.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "base/secret.h"
#include "tls/tls_stream.h"

namespace waypost::web {
namespace {

constexpr size_t read_octets = 4096;

// Ours alone: nothing from outside may stand in a request line or a field.
bool is_one_line(std::string_view text) { return text.find_first_of("\r\n") == text.npos; }

std::string to_wire(const base::HttpUrl& url, const Request& request) {
  std::string wire = request.method + " " + url.target + " HTTP/1.1\r\nHost: " + url.authority() +
                     "\r\nConnection: close\r\n";
  for (const auto& [name, value] : request.fields) {
    CHECK(is_one_line(name) && is_one_line(value));
    wire.append(name).append(": ").append(value).append("\r\n");
  }
  wire += "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n";
  return wire.append(request.body);
}

}  // namespace

io::Task<Result<Response>> Client::exchange(base::HttpUrl url, Request request, Instant deadline) {
  const auto asking = [&](Error error) {
    return failure(std::move(error).while_doing("asking " + url.authority()));
  };
  auto stream = co_await open(url, deadline);
  if (!stream) co_return asking(std::move(stream).error());
  std::string wire = to_wire(url, request);
  base::Secret::wipe(request.body);
  Result<void> written = co_await (*stream)->write(wire, deadline);
  base::Secret::wipe(wire);
  if (!written) co_return asking(std::move(written).error());
  auto answer = co_await read_answer(**stream, deadline);
  if (!answer) co_return asking(std::move(answer).error());
  co_return answer;
}

// Its addresses one after the other; each has an equal share of the time that is left.
io::Task<Result<std::unique_ptr<io::Stream>>> Client::open(const base::HttpUrl& url,
                                                           Instant deadline) {
  if (url.tls && !surroundings_.verifying_tls)
    co_return failure(ErrorCode::tls, "there is no list of authorities to check a certificate by");
  CO_TRY(auto addresses, co_await find(url.host, deadline));
  Result<std::unique_ptr<io::Stream>> stream = failure(ErrorCode::dns, "the name has no address");
  while (!stream && !addresses.empty()) {
    const Instant now = surroundings_.loop.now();
    const Instant until = now + (deadline - now) / int64_t(addresses.size());
    const Endpoint at{addresses.front(), url.port};
    addresses.pop_front();
    stream = co_await surroundings_.network.connect(at, {}, until);
  }
  if (!stream || !url.tls) co_return stream;
  auto secured =
      co_await tls::connect(*std::move(stream), *surroundings_.verifying_tls, url.host, deadline);
  if (!secured) co_return failure(std::move(secured).error());
  co_return std::unique_ptr<io::Stream>(*std::move(secured));
}

io::Task<Result<std::deque<IpAddress>>> Client::find(std::string host, Instant deadline) {
  std::deque<IpAddress> found;
  if (auto address = IpAddress::parse(host)) {
    found.push_back(*address);
    co_return found;
  }
  std::optional<Error> failed;
  for (auto family : {dns::AddressFamily::v6, dns::AddressFamily::v4}) {
    auto answer = co_await surroundings_.resolver.addresses(host, family, deadline);
    if (!answer)
      failed = std::move(answer).error();
    else
      found.insert(found.end(), answer->addresses.begin(), answer->addresses.end());
  }
  if (found.empty() && failed) co_return failure(*std::move(failed));
  co_return found;
}

io::Task<Result<Response>> Client::read_answer(io::Stream& stream, Instant deadline) {
  AnswerReader reader(limits_);
  std::array<char, read_octets> space;
  while (true) {
    CO_TRY(const size_t got, co_await stream.read(space, deadline));
    if (got == 0) {
      CO_TRY_VOID(reader.end());
      break;
    }
    CO_TRY(const bool is_whole, reader.take({space.data(), got}));
    if (is_whole) break;
  }
  co_return reader.answer();
}

}  // namespace waypost::web
