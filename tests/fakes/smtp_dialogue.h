#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "intake/intake.h"
#include "io/task_group.h"
#include "spool/batch_store.h"
#include "spool/memory_store.h"
#include "submission/session.h"
#include "tests/fakes/memory_disk.h"
#include "tests/fakes/memory_stream.h"
#include "tests/fakes/recording_sink.h"
#include "tests/fakes/virtual_loop.h"
#include "tls/self_signed.h"

namespace waypost::fakes {

inline const std::string good_login = "shop";
inline const std::string good_secret = "correct-horse";
inline const std::string good_token = "eyJ.eyJ.c2ln";

// Knows one key, and one token.
class OneKey final : public submission::Authenticator {
 public:
  io::Task<Result<std::optional<submission::Login>>> check(std::string name,
                                                           base::Secret secret) override {
    ++checked;
    if (broken) co_return failure(ErrorCode::unavailable, "planted");
    std::optional<submission::Login> login;
    if (name == good_login && secret.reveal() == good_secret)
      login = submission::Login{name, "acme", "bulk", sender_domains};
    co_return login;
  }
  io::Task<Result<submission::ScramLogin>> look_up(std::string name) override {
    ++checked;
    if (broken) co_return failure(ErrorCode::unavailable, "planted");
    submission::ScramLogin found;
    found.verifier.salt = sasl::scram_salt("the fake", name);
    if (name == good_login) {
      found.verifier = *sasl::make_scram_verifier(Secret(good_secret), found.verifier.salt);
      found.login = submission::Login{name, "acme", "bulk", sender_domains};
    }
    co_return found;
  }
  std::optional<std::string> token_scope() const override { return scope; }
  io::Task<Result<submission::TokenVerdict>> check_token(std::string name,
                                                         base::Secret token) override {
    ++checked;
    if (broken) co_return failure(ErrorCode::unavailable, "planted");
    if (token.reveal() != good_token || (!name.empty() && name != good_login))
      co_return submission::TokenVerdict(tl::unexpected(std::string("it has expired")));
    co_return submission::TokenVerdict(
        submission::Login{good_login, "acme", "bulk", sender_domains});
  }
  std::optional<std::string> scope;  // of the tokens that it takes; none: it takes none
  int checked = 0;
  bool broken = false;
  std::optional<std::vector<std::string>> sender_domains;
};

struct DialogueOptions {
  DialogueOptions() {
    settings.hostname = "relay.example.net";
    settings.trusted_networks = {*IpPrefix::parse("192.0.2.0/24")};
  }
  submission::Settings settings;
  intake::Limits limits;
  submission::TlsMode tls_mode = submission::TlsMode::starttls;
  bool has_certificate = true;
  IpAddress client = IpAddress::v4({192, 0, 2, 7});  // trusted
  std::optional<submission::Caller> caller;          // as a proxy announced it; none: the client
};

// One real session over a connection in memory, with a test as its client.
class SmtpDialogue {
 public:
  using Options = DialogueOptions;
  explicit SmtpDialogue(Options options = Options())
      : options_(std::move(options)),
        way_in({loop,
                *mail,
                sink,
                [this](spool::Envelope e) { queued.push_back(std::move(e)); },
                {},
                {}},
               options_.limits, options_.settings.hostname),
        services_{loop, way_in, clients, &keys,
                  options_.has_certificate ? certificate() : nullptr} {
    auto [near, far] = MemoryStream::make_pair(loop, one_segment);
    near->set_peer({options_.client, 50122});
    wire_ = far.get();
    server_wire_ = near.get();
    client_ = std::move(far);
    services_.login_failed = [this](const submission::FailedLogin& failed) {
      failed_logins.push_back(failed);
    };
    const auto caller = options_.caller.value_or(submission::Caller::direct(near->peer()));
    session = std::make_unique<submission::Session>(std::move(near), caller, options_.settings,
                                                    services_, options_.tls_mode);
    running_.start(session->run());
    loop.settle();
  }

  void send(const std::string& octets) {
    static_cast<void>(loop.run(client_->write(octets, loop.now())));
    loop.settle();
  }
  // What the server has said since the last call.
  std::string receive() {
    std::string all;
    std::string buffer(65536, '\0');
    while (true) {
      Result<size_t> got = loop.run(client_->read(buffer, loop.now()));
      if (!got && got.error().code() == ErrorCode::timed_out) return all;
      if (!got || *got == 0) {
        closed_ = true;
        return all;
      }
      all.append(buffer, 0, *got);
    }
  }
  std::string ask(const std::string& octets) {
    send(octets);
    return receive();
  }
  bool start_tls() {
    Result<std::unique_ptr<tls::ClientContext>> context =
        tls::ClientContext::create({}, disk_, loop.clock());
    if (!context) return false;
    const Instant deadline = loop.now() + std::chrono::seconds(1);
    auto secured =
        loop.run(tls::connect(std::move(client_), **context, "relay.example.net", deadline));
    if (!secured) return false;
    channel_bindings = (*secured)->channel_bindings();
    client_ = *std::move(secured);
    return true;
  }
  // The client's side of the connection ends; it still reads.
  void half_close() {
    wire_->end_writing();
    loop.settle();
  }
  void vanish() {
    client_->close();
    loop.settle();
  }
  // After receive(): the server has closed the connection.
  bool closed() const { return closed_; }
  bool session_ended() const { return running_.running() == 0; }
  // How often the server has written to the connection, which must still be there.
  size_t server_writes() const { return server_wire_->writes(); }

  // The octets of every stored message.
  std::vector<std::string> stored() {
    std::vector<std::string> messages;
    std::vector<spool::Envelope> envelopes;
    auto found = [&](spool::StoredMessage message) { envelopes.push_back(message.envelope); };
    CHECK(mail->recover(found, [](MessageId, Error) { CHECK(false); }));
    for (const spool::Envelope& envelope : envelopes) {
      std::string& message = messages.emplace_back();
      for (uint32_t i = 0; i < envelope.chunks; ++i)
        message += *loop.run(mail->read_chunk(envelope.id, i));
    }
    return messages;
  }

  static std::shared_ptr<tls::ServerContext> certificate() {
    static const std::shared_ptr<tls::ServerContext> made = [] {
      io::SystemClock clock;
      auto pair = tls::make_self_signed({"relay.example.net"}, std::chrono::days(30), clock);
      return std::shared_ptr<tls::ServerContext>(
          *tls::ServerContext::from_pem(pair->certificate_pem, pair->key_pem));
    }();
    return made;
  }

 private:
  static constexpr size_t one_segment = size_t(1) << 40;
  Options options_;

 public:
  VirtualLoop loop;
  spool::SpoolMedium medium{{.sync_time = Duration(0)}};
  spool::MemoryStore store{medium, loop};
  std::unique_ptr<spool::Spool> mail = spool::make_spool(store, loop);
  RecordingSink sink;
  std::vector<spool::Envelope> queued;
  std::vector<submission::FailedLogin> failed_logins;
  std::vector<ChannelBinding> channel_bindings;  // the client's, after start_tls()
  OneKey keys;
  intake::Intake way_in;
  submission::Clients clients;
  std::unique_ptr<submission::Session> session;

 private:
  submission::Services services_;
  MemoryDisk disk_;
  MemoryStream* wire_ = nullptr;
  MemoryStream* server_wire_ = nullptr;
  std::unique_ptr<io::Stream> client_;
  bool closed_ = false;
  io::TaskGroup running_;
};

}  // namespace waypost::fakes
