#include "api/verdict.h"

#include <fmt/format.h>

namespace waypost::api {
namespace {

// Fewer say nothing about the mail of a relay.
constexpr uint64_t judged_min = 20;
// Of those that ended, how many may bounce; a list that is kept clean has one or two in a hundred.
constexpr double bounced_share_max = 0.2;
// Of all tries, how many may be put off.
constexpr double deferred_share_max = 0.3;
constexpr Duration waiting_is_slow = std::chrono::minutes(15);
constexpr Duration waiting_is_failing = std::chrono::hours(4);

std::string because(const MailState& mail) {
  if (mail.cause.empty()) return {};
  const std::string where = mail.provider.empty() ? "" : " at " + mail.provider;
  return fmt::format(" Most often{}: {}.", where, mail.cause);
}

double share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : double(part) / double(whole);
}

}  // namespace

Verdict judge(const MailState& mail) {
  const uint64_t delivered = of(mail.sums, Series::delivered);
  const uint64_t deferred = of(mail.sums, Series::deferred);
  const uint64_t bounced = of(mail.sums, Series::bounced);
  const uint64_t ended = delivered + bounced;
  const uint64_t tried = ended + deferred;
  if (tried == 0 && mail.waiting == 0)
    return {"idle", of(mail.sums, Series::accepted) == 0 ? "No mail came in and none waits."
                                                         : "No mail waits, and none was tried."};
  const double bounced_share = share(bounced, ended);
  if (ended >= judged_min && bounced_share > bounced_share_max)
    return {"failing", fmt::format("{:.0f} % of what ended was bounced.{}", bounced_share * 100,
                                   because(mail))};
  if (mail.is_paused && mail.waiting > 0) return {"slow", "Mail waits because somebody paused it."};
  if (mail.oldest_waiting >= waiting_is_failing && delivered == 0)
    return {"failing", "Mail waits for hours and nothing was delivered." + because(mail)};
  const double deferred_share = share(deferred, tried);
  if (tried >= judged_min && deferred_share > deferred_share_max)
    return {"slow", fmt::format("{:.0f} % of all tries were put off.{}", deferred_share * 100,
                                because(mail))};
  if (mail.oldest_waiting >= waiting_is_slow)
    return {"slow", fmt::format("Some mail has waited for {}.{}",
                                base::to_human(mail.oldest_waiting), because(mail))};
  if (ended == 0) return {"good", "Mail is on its way; none has ended yet."};
  return {"good", fmt::format("Mail flows: {:.1f} % of what ended was delivered.",
                              share(delivered, ended) * 100)};
}

}  // namespace waypost::api
