#include "daemon/shard.h"

#include <utility>

#include <fmt/format.h>

#include "daemon/settings.h"

namespace waypost::daemon {
namespace {

// fail2ban reads it: docs/operate/logins.md has the expression.
std::string text_of(const submission::FailedLogin& failed) {
  return fmt::format("login refused: client {}, login {}, session {}", failed.client.text(),
                     failed.login.empty() ? "not shown" : failed.login, failed.session);
}

std::unique_ptr<intake::Intake> make_intake(io::Loop& loop, spool::Spool& spool, Home& home,
                                            const Commons& commons, const Orders& orders,
                                            UnsignedWarnings& warnings) {
  intake::Services services{loop, spool, home};
  services.accepted = [&home](spool::Envelope envelope) { home.accepted(std::move(envelope)); };
  services.has_room = [&room = commons.room] { return room.is_left(); };
  services.keeps_up = [&home] { return home.keeps_up(); };
  services.storage_failed = [&journal = commons.journal](const Error& error) {
    journal.error("a message could not be stored and was refused: " + error.describe());
  };
  services.suppressions = &commons.suppressions;
  services.keeps_back = commons.keeps_back;
  if (commons.return_paths)
    services.unsubscribe_address = [paths = commons.return_paths](const spool::Envelope& envelope) {
      return paths->unsubscribe_address(envelope);
    };
  services.unsigned_mail = [&warnings](const std::string& domain, const std::string& trouble) {
    warnings.tell(domain, trouble);
  };
  return std::make_unique<intake::Intake>(
      std::move(services), intake_limits(*orders.config, orders.signers), orders.config->hostname);
}

}  // namespace

std::optional<submission::LocalMailboxes> local_mailboxes(
    const std::shared_ptr<const returns::ReturnPaths>& paths) {
  if (!paths) return std::nullopt;
  return submission::LocalMailboxes{
      [paths](std::string_view domain) { return paths->owns(domain); },
      [paths](const smtp::Mailbox& recipient) { return paths->refuse(recipient); }};
}

Shard::Shard(io::AsioLoop& loop, const Commons& commons, Home& home, const Orders& orders)
    : loop_(loop),
      spool_(spool::make_spool(commons.store, loop, commons.held)),
      resolver_(dns::make_resolver(commons.names, loop)),
      secrets_(loop, commons.keys_worker, commons.disk),
      deliverer_(std::make_unique<delivery::Deliverer>(
          delivery::Deliverer::Dependencies{
              loop, loop.network(), *resolver_, commons.opportunistic_tls, commons.verifying_tls,
              *spool_, &secrets_, [&home](events::Event event) { home.emit(std::move(event)); }},
          orders.delivery)),
      authenticator_(
          loop, commons.keys_worker, commons.keys,
          [&home](std::optional<std::string> trouble) { home.report("keys", std::move(trouble)); },
          [&home](std::string name, Secret token) {
            return home.check_token(std::move(name), std::move(token));
          }),
      unsigned_warnings_(loop, commons.journal),
      intake_(make_intake(loop, *spool_, home, commons, orders, unsigned_warnings_)),
      remote_(loop) {
  submission::Services services{loop, *intake_, commons.clients, &authenticator_, nullptr};
  services.login_failed = [&journal = commons.journal](const submission::FailedLogin& failed) {
    journal.warning(text_of(failed));
  };
  Entrances::Services entered{loop, commons.passed, std::move(services)};
  entered.local = local_mailboxes(commons.return_paths);
  entrances_ = std::make_unique<Entrances>(std::move(entered));
}

void Shard::use(const Orders& orders) {
  authenticator_.take_tokens(orders.token_scope);
  deliverer_->reconfigure(orders.delivery);
  intake_->reconfigure(intake_limits(*orders.config, orders.signers), orders.config->hostname);
}

}  // namespace waypost::daemon
