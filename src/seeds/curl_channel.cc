#include "seeds/curl_channel.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <curl/curl.h>

#include <fmt/format.h>

#include "io/clock.h"

namespace waypost::seeds {
namespace {

constexpr size_t read_octets = 16 * 1024;
// What a server says before the login; libcurl itself takes any number of lines.
constexpr size_t greeting_octets_max = 256 * 1024;
// libcurl's own limits must not be what is met first: the deadline is.
constexpr long libcurl_patience_s = 24 * 3600;
constexpr std::chrono::milliseconds wait_max{250};  // how late a cancel() may be heard

// Once for the process (libcurl's is safe between threads since 7.84).
bool is_ready() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

ErrorCode code_of(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      return ErrorCode::refused;
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorCode::timed_out;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
    case CURLE_USE_SSL_FAILED:
      return ErrorCode::tls;
    case CURLE_WEIRD_SERVER_REPLY:
      return ErrorCode::protocol;
    default:
      return ErrorCode::peer_gone;
  }
}

// "[2001:db8::1]", as URLs and CURLOPT_RESOLVE have it.
std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

// Counts what libcurl reads before the channel is ours.
int count_octets(CURL*, curl_infotype type, char*, size_t octets, void* counter) {
  if (type == CURLINFO_HEADER_IN || type == CURLINFO_DATA_IN)
    *static_cast<size_t*>(counter) += octets;
  return 0;
}

}  // namespace

struct CurlChannel::Handles {
  CURLM* multi = nullptr;
  CURL* easy = nullptr;
  curl_slist* addresses = nullptr;
  io::SystemClock clock;
  std::atomic<bool> cancelled = false;
  size_t octets = 0;
  std::array<char, CURL_ERROR_SIZE> words{};

  Result<void> configure(const Seed& seed, const std::vector<IpAddress>& at,
                         const std::string& ca_file);
  // Until something may have happened; fails at the deadline and once it was cancelled.
  Result<void> wait(Instant deadline, curl_waitfd* watched);
  Result<curl_waitfd> watch(short events) const;
};

Result<void> CurlChannel::Handles::configure(const Seed& seed, const std::vector<IpAddress>& at,
                                             const std::string& ca_file) {
  multi = is_ready() ? curl_multi_init() : nullptr;
  easy = curl_easy_init();
  if (multi == nullptr || easy == nullptr)
    return failure(ErrorCode::resource_exhausted, "libcurl cannot be set up");
  const bool implicit = seed.tls == SeedTls::implicit;
  const std::string url =
      fmt::format("{}://{}:{}/", implicit ? "imaps" : "imap", bracketed(seed.host), seed.port);
  std::string list;
  for (const IpAddress& address : at) list += (list.empty() ? "" : ",") + bracketed(address.text());
  // An address needs none, and libcurl takes the first colon of an IPv6 address for the port's.
  if (!list.empty() && !IpAddress::parse(seed.host)) {
    const std::string entry = fmt::format("{}:{}:{}", seed.host, seed.port, list);
    addresses = curl_slist_append(nullptr, entry.c_str());
  }
  CURLcode result = CURLE_OK;
  auto set = [&](CURLoption option, auto value) {
    if (result == CURLE_OK) result = curl_easy_setopt(easy, option, value);
  };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "imap,imaps");
  // Greeting, capabilities and STARTTLS; no login, since it is given no name.
  set(CURLOPT_CONNECT_ONLY, 1L);
  set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!ca_file.empty()) set(CURLOPT_CAINFO, ca_file.c_str());
  if (addresses != nullptr) set(CURLOPT_RESOLVE, addresses);
  // Whatever the environment says: nobody but the host that is named is talked to.
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT, libcurl_patience_s);
  set(CURLOPT_SERVER_RESPONSE_TIMEOUT, libcurl_patience_s);
  set(CURLOPT_VERBOSE, 1L);
  set(CURLOPT_DEBUGFUNCTION, &count_octets);
  set(CURLOPT_DEBUGDATA, &octets);
  set(CURLOPT_ERRORBUFFER, words.data());
  if (result != CURLE_OK || curl_multi_add_handle(multi, easy) != CURLM_OK)
    return failure(ErrorCode::resource_exhausted,
                   fmt::format("libcurl cannot be set up: {}", curl_easy_strerror(result)));
  return {};
}

Result<void> CurlChannel::Handles::wait(Instant deadline, curl_waitfd* watched) {
  const Instant now = clock.now();
  if (cancelled) return failure(ErrorCode::cancelled, "called off");
  if (now >= deadline) return failure(ErrorCode::timed_out, "no answer in time");
  const Duration left = std::min<Duration>(deadline - now, wait_max);
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  curl_multi_poll(multi, watched, watched != nullptr ? 1 : 0, static_cast<int>(milliseconds),
                  nullptr);
  return {};
}

Result<curl_waitfd> CurlChannel::Handles::watch(short events) const {
  curl_socket_t socket = CURL_SOCKET_BAD;
  if (curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &socket) != CURLE_OK ||
      socket == CURL_SOCKET_BAD)
    return failure(ErrorCode::peer_gone, "the connection ended");
  return curl_waitfd{socket, events, 0};
}

CurlChannel::CurlChannel() : handles_(std::make_unique<Handles>()) {}

CurlChannel::~CurlChannel() {
  if (handles_->multi != nullptr && handles_->easy != nullptr)
    curl_multi_remove_handle(handles_->multi, handles_->easy);
  curl_easy_cleanup(handles_->easy);
  curl_multi_cleanup(handles_->multi);
  curl_slist_free_all(handles_->addresses);
}

Result<void> CurlChannel::open(const Seed& seed, const std::vector<IpAddress>& addresses,
                               const std::string& ca_file, Instant deadline) {
  TRY_VOID(handles_->configure(seed, addresses, ca_file));
  while (true) {
    int running = 0;
    if (curl_multi_perform(handles_->multi, &running) != CURLM_OK)
      return failure(ErrorCode::io_failure, "libcurl failed");
    int left = 0;
    if (const CURLMsg* message = curl_multi_info_read(handles_->multi, &left)) {
      const CURLcode code = message->data.result;
      if (code == CURLE_OK) return {};
      const std::string words(handles_->words.data());
      return failure(code_of(code), words.empty() ? curl_easy_strerror(code) : words);
    }
    if (handles_->octets > greeting_octets_max)
      return failure(ErrorCode::protocol, "the server says more than is taken from it");
    TRY_VOID(handles_->wait(deadline, nullptr));
  }
}

Result<void> CurlChannel::write(std::string_view octets, Instant deadline) {
  while (!octets.empty()) {
    if (handles_->cancelled) return failure(ErrorCode::cancelled, "called off");
    size_t taken = 0;
    const CURLcode code = curl_easy_send(handles_->easy, octets.data(), octets.size(), &taken);
    if (code != CURLE_OK && code != CURLE_AGAIN)
      return failure(ErrorCode::peer_gone, "the connection ended");
    octets.remove_prefix(taken);
    if (code != CURLE_AGAIN) continue;
    TRY(curl_waitfd watched, handles_->watch(CURL_WAIT_POLLOUT));
    TRY_VOID(handles_->wait(deadline, &watched));
  }
  return {};
}

Result<std::string> CurlChannel::read(Instant deadline) {
  std::string octets(read_octets, '\0');
  while (true) {
    // A server that never stops is no reason to go on.
    if (handles_->cancelled) return failure(ErrorCode::cancelled, "called off");
    if (handles_->clock.now() >= deadline)
      return failure(ErrorCode::timed_out, "no answer in time");
    size_t taken = 0;
    const CURLcode code = curl_easy_recv(handles_->easy, octets.data(), octets.size(), &taken);
    if (code == CURLE_OK && taken > 0) {
      octets.resize(taken);
      return octets;
    }
    if (code != CURLE_AGAIN) return failure(ErrorCode::peer_gone, "the connection ended");
    TRY(curl_waitfd watched, handles_->watch(CURL_WAIT_POLLIN));
    TRY_VOID(handles_->wait(deadline, &watched));
  }
}

void CurlChannel::cancel() { handles_->cancelled = true; }

}  // namespace waypost::seeds
