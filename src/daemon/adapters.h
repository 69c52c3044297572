#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/secret.h"
#include "delivery/deliverer.h"
#include "delivery/secrets.h"
#include "io/worker.h"
#include "queue/courier.h"
#include "records/keys.h"
#include "submission/authenticator.h"

// The joints between folders that do not know each other.
namespace waypost::daemon {

// The queue's courier is delivery.
class DeliveryCourier final : public queue::Courier {
 public:
  explicit DeliveryCourier(delivery::Deliverer& deliverer) : deliverer_(deliverer) {}

  std::optional<shaping::MailHost> known_mail_host(const std::string& domain) override;
  io::Task<tl::expected<shaping::MailHost, events::Outcome>> find_mail_host(
      std::string domain) override;
  // Recipients in several domains may share a transaction at a smarthost. At mail hosts they may
  // not: some refuse several destinations in one, even if they serve them all.
  bool go_together(const std::string& one, const std::string& other) const override;
  unsigned idle_connections(const std::string& site) const override;
  io::Task<void> attempt(queue::Assignment assignment) override;

 private:
  delivery::Deliverer& deliverer_;
};

// Secrets of logins at next hops, read on a thread that may block.
class FileSecrets final : public delivery::Secrets {
 public:
  FileSecrets(io::Loop& loop, io::Worker& worker, io::Disk& disk)
      : loop_(loop), worker_(worker), disk_(disk) {}

  io::Task<Result<Secret>> read(std::string path) override;

 private:
  io::Loop& loop_;
  io::Worker& worker_;
  io::Disk& disk_;
};

// The submission server's logins are the keys, read on a thread that may block, and tokens, of
// which somebody else is the judge.
class KeyAuthenticator final : public submission::Authenticator {
 public:
  using TokenCheck =
      std::function<io::Task<Result<submission::TokenVerdict>>(std::string name, Secret token)>;

  // `told` hears after each look at the keys what kept it from them, if something did.
  KeyAuthenticator(io::Loop& loop, io::Worker& worker, records::Keys& keys,
                   std::function<void(std::optional<std::string> trouble)> told,
                   TokenCheck check_token)
      : loop_(loop),
        worker_(worker),
        keys_(keys),
        told_(std::move(told)),
        check_token_(std::move(check_token)) {}

  io::Task<Result<std::optional<submission::Login>>> check(std::string name,
                                                           Secret secret) override;
  io::Task<Result<submission::ScramLogin>> look_up(std::string name) override;
  std::optional<std::string> token_scope() const override { return token_scope_; }
  io::Task<Result<submission::TokenVerdict>> check_token(std::string name, Secret token) override {
    return check_token_(std::move(name), std::move(token));
  }

  // For the logins to come; none: tokens are not taken.
  void take_tokens(std::optional<std::string> scope) { token_scope_ = std::move(scope); }

 private:
  template <class T>
  io::Task<Result<T>> ask(std::function<Result<T>()> question);

  io::Loop& loop_;
  io::Worker& worker_;
  records::Keys& keys_;
  std::function<void(std::optional<std::string>)> told_;
  TokenCheck check_token_;
  std::optional<std::string> token_scope_;
};

}  // namespace waypost::daemon
