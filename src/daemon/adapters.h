#pragma once

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

  std::optional<std::string> known_mail_host(const std::string& domain) override;
  io::Task<tl::expected<std::string, events::Outcome>> find_mail_host(std::string domain) override;
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

// The submission server's logins are the keys, read on a thread that may block.
class KeyAuthenticator final : public submission::Authenticator {
 public:
  KeyAuthenticator(io::Loop& loop, io::Worker& worker, records::Keys& keys)
      : loop_(loop), worker_(worker), keys_(keys) {}

  io::Task<Result<std::optional<submission::Login>>> check(std::string name,
                                                           Secret secret) override;

 private:
  io::Loop& loop_;
  io::Worker& worker_;
  records::Keys& keys_;
};

}  // namespace waypost::daemon
