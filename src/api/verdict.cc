#include "api/verdict.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

namespace waypost::api {
namespace {

struct Limits {
  double worrying = 0;
  double failing = 0;
};

// Fewer say nothing about the mail of a relay, or to a provider. Any bounce among fewer than twenty
// is one in twenty, which is worth a look.
constexpr uint64_t judged_min = 20;
// Of those that ended, how many bounced: a list that is kept clean has one or two in a hundred, at
// five providers look at a sender, at ten they stop one.
constexpr Limits bounced_limits{.worrying = 0.05, .failing = 0.1};
// A provider that is no more of what ended is none without which mail fails.
constexpr double provider_share_min = 0.1;
// Of those that were delivered, how many were called unwanted: what Google and Yahoo ask of
// senders.
constexpr Limits complained_limits{.worrying = 0.001, .failing = 0.003};
constexpr uint64_t complained_min = 3;
constexpr uint64_t complained_of_min = 200;
// Of all tries, how many may be put off.
constexpr double deferred_share_max = 0.3;
constexpr Duration waiting_is_slow = std::chrono::minutes(15);
constexpr Duration waiting_is_failing = std::chrono::hours(4);

std::string because(const LeadingCause& cause) {
  if (cause.title.empty()) return {};
  const std::string where = cause.provider.empty() ? "" : " at " + cause.provider;
  return fmt::format(" Most often{}: {}.", where, cause.title);
}

double share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : double(part) / double(whole);
}

uint64_t ended_of(const Sums& sums) {
  return of(sums, Series::delivered) + of(sums, Series::bounced);
}

double bounced_share_of(const Sums& sums) {
  const uint64_t ended = ended_of(sums);
  return ended < judged_min ? 0 : share(of(sums, Series::bounced), ended);
}

double complained_share_of(const Sums& sums, uint64_t complained) {
  const uint64_t delivered = of(sums, Series::delivered);
  if (complained < complained_min || delivered < complained_of_min) return 0;
  return share(complained, delivered);
}

// How much of the mail, of all of it or at one provider.
struct Share {
  double share = 0;
  std::string_view provider{};  // empty: everywhere
  bool fails = false;
};

// What is told of one kind of trouble: what fails comes first, and all mail before a provider's.
// `heavy`: the worst of those that count for failing.
Share worth_telling(const Share& all, const Share& heavy, const Share& worst,
                    const Limits& limits) {
  if (all.share >= limits.failing) return {all.share, all.provider, true};
  if (heavy.share >= limits.failing) return {heavy.share, heavy.provider, true};
  if (all.share >= limits.worrying) return all;
  if (worst.share >= limits.worrying) return worst;
  return {};
}

Share told_of_bounces(const MailState& mail) {
  Share heavy;
  Share worst;
  for (const ProviderState& each : mail.providers) {
    const Share here{.share = bounced_share_of(each.sums), .provider = each.name};
    const bool is_much = share(ended_of(each.sums), ended_of(mail.sums)) >= provider_share_min;
    if (here.share > worst.share) worst = here;
    if (is_much && here.share > heavy.share) heavy = here;
  }
  return worth_telling({.share = bounced_share_of(mail.sums)}, heavy, worst, bounced_limits);
}

Share told_of_complaints(const MailState& mail) {
  Share worst;
  for (const ProviderState& each : mail.providers) {
    const Share here{.share = complained_share_of(each.sums, each.complained),
                     .provider = each.name};
    if (here.share > worst.share) worst = here;
  }
  return worth_telling({.share = complained_share_of(mail.sums, mail.complained)}, worst, worst,
                       complained_limits);
}

std::string where(const Share& told) {
  return told.provider.empty() ? "" : fmt::format("At {} ", told.provider);
}

// What speaks against a sender, most of all where mail goes; none: nothing does.
std::optional<Verdict> judge_reputation(const MailState& mail) {
  const Share bounced = told_of_bounces(mail);
  const Share complained = told_of_complaints(mail);
  std::string text;
  if (bounced.share > 0)
    text =
        fmt::format("{}{:.1f} % of what ended was bounced.{}", where(bounced), bounced.share * 100,
                    bounced.provider.empty() ? because(mail.of_bounces) : "");
  if (complained.share > 0)
    text += fmt::format("{}{}{:.2f} % of what was delivered was called unwanted.",
                        text.empty() ? "" : " ", where(complained), complained.share * 100);
  if (text.empty()) return std::nullopt;
  return Verdict{bounced.fails || complained.fails ? "failing" : "attention", std::move(text)};
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
  std::optional<Verdict> reputation = judge_reputation(mail);
  if (reputation && reputation->state == "failing") return *std::move(reputation);
  if (mail.is_paused && mail.waiting > 0) return {"slow", "Mail waits because somebody paused it."};
  if (mail.oldest_waiting >= waiting_is_failing && delivered == 0)
    return {"failing",
            "Mail waits for hours and nothing was delivered." + because(mail.of_deferrals)};
  if (reputation) return *std::move(reputation);
  const double deferred_share = share(deferred, tried);
  if (tried >= judged_min && deferred_share > deferred_share_max)
    return {"slow", fmt::format("{:.0f} % of all tries were put off.{}", deferred_share * 100,
                                because(mail.of_deferrals))};
  if (mail.oldest_waiting >= waiting_is_slow)
    return {"slow", fmt::format("Some mail has waited for {}.{}",
                                base::to_human(mail.oldest_waiting), because(mail.of_deferrals))};
  if (ended == 0) return {"good", "Mail is on its way; none has ended yet."};
  if (ended < judged_min && bounced > 0)
    return {"attention", fmt::format("{} of {} that ended bounced; too few to judge.{}", bounced,
                                     ended, because(mail.of_bounces))};
  return {"good", fmt::format("Mail flows: {:.1f} % of what ended was delivered.",
                              share(delivered, ended) * 100)};
}

}  // namespace waypost::api
