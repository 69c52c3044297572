#include "intake/intake.h"

#include "intake/replies.h"

namespace waypost::intake {
namespace {

constexpr std::chrono::seconds room_is_fresh_for{1};
// Anybody can be refused, with as many recipients as they name.
constexpr size_t refused_recipients_told_max = 100;

}  // namespace

Intake::Intake(Services services, Limits limits, std::string hostname)
    : services_(std::move(services)),
      limits_(std::make_shared<const Limits>(std::move(limits))),
      hostname_(std::move(hostname)) {}

void Intake::reconfigure(Limits limits, std::string hostname) {
  limits_ = std::make_shared<const Limits>(std::move(limits));
  hostname_ = std::move(hostname);
  room_asked_at_.reset();
}

std::optional<smtp::Reply> Intake::refuse_now() {
  if (!services_.spool.healthy()) return storage_down();
  if (!has_room()) return storage_full();
  if (services_.keeps_up && !services_.keeps_up()) return too_busy();
  return std::nullopt;
}

bool Intake::has_room() {
  if (!services_.has_room) return true;
  const Instant now = services_.loop.now();
  if (!room_asked_at_ || now - *room_asked_at_ >= room_is_fresh_for) {
    room_asked_at_ = now;
    had_room_ = services_.has_room();
  }
  return had_room_;
}

std::unique_ptr<Arrival> Intake::start(Submitter submitter, smtp::MailArguments mail) {
  return std::make_unique<Arrival>(*this, std::move(submitter), std::move(mail));
}

void Intake::report_rejected(const Submitter& submitter, const std::optional<smtp::Mailbox>& sender,
                             std::vector<std::string> recipients, const smtp::Reply& reply,
                             std::optional<MessageId> message) {
  events::Event event;
  event.kind = events::EventKind::rejected;
  event.message = message;
  event.at = services_.loop.wall_now();
  event.tenant = submitter.tenant;
  event.stream = submitter.stream;
  event.sender = sender ? sender->text() : std::string();
  if (recipients.size() > refused_recipients_told_max)
    recipients.resize(refused_recipients_told_max);
  event.recipients = std::move(recipients);
  event.login = submitter.login;
  event.client = submitter.client.text();
  event.session = submitter.session;
  event.transaction = submitter.transaction;
  event.reply = reply.text();
  services_.events.emit(std::move(event));
}

}  // namespace waypost::intake
