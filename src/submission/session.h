#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "intake/intake.h"
#include "io/completion.h"
#include "io/loop.h"
#include "sasl/server.h"
#include "smtp/command.h"
#include "smtp/data.h"
#include "smtp/reply.h"
#include "smtp/sequence.h"
#include "smtp/xclient.h"
#include "submission/authenticator.h"
#include "submission/caller.h"
#include "submission/clients.h"
#include "submission/connection.h"
#include "submission/settings.h"
#include "tls/context.h"

namespace waypost::submission {

// A login that was refused.
struct FailedLogin {
  IpAddress client;
  std::string login;  // what was tried, where it can be the name of a key; else empty
  std::string session;
};

// What a session works with; all of it outlives the session.
struct Services {
  io::Loop& loop;
  intake::Intake& intake;
  Clients& clients;
  Authenticator* authenticator = nullptr;           // none: nobody can log in
  std::shared_ptr<tls::ServerContext> certificate;  // none: no TLS; may be replaced at any time
  // Called for each as Guesses lets a client try, but no faster over all than anybody reads.
  std::function<void(const FailedLogin&)> login_failed = {};
};

// One SMTP session, RFC 5321 and RFC 6409: one function per command, from its arguments to the
// reply; smtp/sequence.h decides what may come when. Mail is taken from trusted networks and from
// clients that have logged in, and from nobody else.
//
// A refused MAIL, RCPT, AUTH or message becomes a `rejected` event. Nothing else does: commands
// that nobody knows, that come out of sequence or whose form is wrong are noise.
// Thread: the loop's.
class Session {
 public:
  Session(std::unique_ptr<io::Stream> stream, const Caller& caller, const Settings& settings,
          Services& services, TlsMode tls_mode);

  // From the greeting to the end of the connection.
  io::Task<void> run();

  // Graceful: says 421 and ends as soon as it is not in the middle of a message.
  void stop();
  // Hard: the connection is gone; a message whose commit has begun is still committed.
  void close();

 private:
  // How the session goes on (session.cc).
  io::Task<void> open();
  io::Task<std::optional<std::string>> next_line(size_t octets_max);
  io::Task<bool> receive(size_t octets_max, Instant deadline);
  io::Task<void> secure();
  io::Task<void> answer(const std::string& line);
  io::Task<std::optional<smtp::Reply>> execute(const smtp::Command& command);
  io::Task<void> say(const smtp::Command& command, smtp::Reply reply);
  io::Task<void> pause(Duration duration);
  bool count(smtp::Verb verb, const smtp::Reply& reply);
  void end_with(const smtp::Reply& reply);
  void end_for(const Error& error);
  void end_transaction();
  smtp::Facts facts() const;
  std::optional<smtp::Reply> refuse_command(const smtp::Command& command) const;
  void report(const smtp::Command& command, const smtp::Reply& reply);
  bool is_news(smtp::Verb verb, const smtp::Reply& reply);
  Instant in(Duration duration) const;
  smtp::Reply greeting() const;
  void forget_client();

  // The commands that answer at once (commands.cc).
  smtp::Reply answer_at_once(const smtp::Command& command);
  smtp::Reply on_ehlo(std::string_view name);
  smtp::Reply on_helo(std::string_view name);
  smtp::Reply on_mail(std::string_view arguments);
  std::optional<smtp::Reply> refuse_mail(const smtp::MailArguments& mail);
  std::optional<smtp::Reply> refuse_pace();
  smtp::Reply on_rcpt(std::string_view arguments);
  smtp::Reply on_vrfy(std::string_view name);
  smtp::Reply on_help();
  std::optional<smtp::Reply> refuse_recipient(smtp::Mailbox& recipient) const;
  smtp::Reply on_quit();
  static bool is_hello_name(std::string_view name);
  bool is_stranger() const { return !trusted_ && !submitter_.authenticated; }
  smtp::Characters characters() const;

  // Who the client is may be said by a proxy (announced_client.cc).
  bool may_announce() const;
  smtp::Reply on_xclient(std::string_view arguments);
  Caller announced_caller() const;
  void begin_again_for(const Caller& caller);

  // One AUTH command, from its arguments to its reply (auth.cc).
  struct LoginAttempt {
    std::unique_ptr<sasl::ServerExchange> exchange;
    std::optional<sasl::Step> step;  // none: the client's response was not base64
    std::optional<Login> login;      // whose it is, should the exchange succeed
    std::string fault;               // of a token
  };

  // The commands that wait for something (dialogues.cc, auth.cc); nothing when the connection has
  // ended.
  io::Task<std::optional<smtp::Reply>> on_starttls();
  io::Task<std::optional<smtp::Reply>> on_auth(std::string_view arguments);
  io::Task<std::optional<smtp::Reply>> on_data();
  // Takes the chunk off the connection also where it was refused: its octets are no commands.
  io::Task<std::optional<smtp::Reply>> on_bdat(std::string_view arguments,
                                               std::optional<smtp::Reply> refused);

  io::Task<bool> receive_content(smtp::DataReader& reader);
  io::Task<bool> receive_chunk(uint64_t octets, bool wanted);
  io::Task<smtp::Reply> take_chunk(const smtp::Chunk& chunk);
  void refuse_chunks(const smtp::Reply& reply);
  Instant content_deadline(Instant patience_ends, uint64_t octets) const;
  io::Task<smtp::Reply> take_message(std::optional<smtp::DataFault> fault);
  // Each does what the exchange asks for; no reply: it goes on, or the connection has ended.
  io::Task<std::optional<smtp::Reply>> go_on(LoginAttempt& attempt);
  io::Task<std::optional<smtp::Reply>> ask(LoginAttempt& attempt);
  io::Task<std::optional<smtp::Reply>> look_up(LoginAttempt& attempt);
  io::Task<std::optional<smtp::Reply>> verify(LoginAttempt& attempt);
  io::Task<std::optional<smtp::Reply>> verify_token(LoginAttempt& attempt);
  std::optional<std::string> token_scope() const;
  smtp::Reply log_in(Login login);
  std::string login_mechanisms() const;  // "SCRAM-SHA-256 PLAIN LOGIN"
  io::Task<smtp::Reply> refuse_login(std::string why);
  void count_failed_login();

  // Guesses are slowed down around AUTH (logins.cc).
  io::Task<std::optional<smtp::Reply>> on_auth_in_turn(std::string_view arguments);
  io::Task<void> wait_for_login(std::string login);
  void welcome_login();
  void tell_of_failed_login();

  const Settings& settings_;
  Services& services_;
  const TlsMode tls_mode_;
  Connection connection_;
  const Caller first_caller_;         // as the connection began
  smtp::XClientArguments announced_;  // since then
  bool named_ = false;                // by XCLIENT, whatever it said
  bool client_speaks_ = false;        // itself, through the proxy that has named it
  Caller caller_;
  bool trusted_;
  IpAddress network_;
  Clients::Place place_;

  smtp::Phase phase_ = smtp::Phase::connected;
  intake::Submitter submitter_;
  std::unique_ptr<intake::Arrival> arrival_;  // from MAIL on
  uint32_t transactions_ = 0;
  bool told_of_recipient_ = false;  // refused for now in this transaction, in an event

  // A message that comes by BDAT.
  struct Chunks {
    smtp::ChunkReader reader;
    bool refused = false;  // and whoever sent it was told so
  };
  std::optional<Chunks> chunks_;

  unsigned errors_ = 0;
  unsigned idle_commands_ = 0;
  unsigned login_failures_ = 0;
  Guesses::Turn turn_;       // of the AUTH that runs
  std::string tried_login_;  // by it, or by the one before
  bool ended_ = false;
  bool stopping_ = false;
  bool taking_message_ = false;
  io::Timer pause_timer_;
  io::Completion<bool>* pause_ = nullptr;
};

}  // namespace waypost::submission
