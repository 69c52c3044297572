#include "demo/capture_courier.h"

#include <algorithm>

#include "demo/magic.h"

namespace waypost::demo {
namespace {

constexpr size_t remembered_max = 100'000;

// Those that come to something without a delivery.
std::optional<Magic> refusal_of(const smtp::Mailbox& recipient) {
  auto magic = magic_of(recipient.local_part);
  const bool needs_delivery =
      magic && (magic->kind == Magic::Kind::bounces_later || magic->kind == Magic::Kind::complains);
  return needs_delivery ? std::nullopt : magic;
}

}  // namespace

std::string kept_because(const spool::Envelope& envelope) {
  const auto& all = envelope.recipients;
  const bool is_refused = std::all_of(all.begin(), all.end(), [](const smtp::Mailbox& recipient) {
    return refusal_of(recipient).has_value();
  });
  return is_refused ? std::string() : std::string(CaptureCourier::reason);
}

std::optional<shaping::MailHost> CaptureCourier::known_mail_host(const std::string&) {
  return shaping::MailHost{std::string(site_name), {}};
}

io::Task<tl::expected<shaping::MailHost, events::Outcome>> CaptureCourier::find_mail_host(
    std::string) {
  co_return shaping::MailHost{std::string(site_name), {}};
}

io::Task<void> CaptureCourier::attempt(queue::Assignment assignment) {
  std::vector<events::Outcome> outcomes;
  for (uint32_t recipient : assignment.recipients)
    outcomes.push_back(outcome_of(assignment.envelope->recipients[recipient]));
  co_await assignment.settle(std::move(outcomes));
}

events::Outcome CaptureCourier::outcome_of(const smtp::Mailbox& recipient) {
  events::Outcome outcome;
  outcome.phase = events::Phase::rcpt;
  outcome.reason = reason;
  const auto magic = refusal_of(recipient);
  if (!magic) return outcome;
  if (magic->kind == Magic::Kind::is_silent) {
    outcome.reason = "no reply, as the name of the mailbox asks for";
    return outcome;
  }
  const bool is_over =
      magic->kind == Magic::Kind::defers &&
      (deferred_.size() >= remembered_max || ++deferred_[recipient.text()] > magic->times);
  if (is_over) return outcome;
  outcome.reply = magic->reply;
  if (magic->reply.permanent()) outcome.verdict = events::Verdict::bounced;
  return outcome;
}

}  // namespace waypost::demo
