#include "daemon/diagnostician.h"

#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::daemon {
namespace {

class HearingSink final : public events::Sink {
 public:
  HearingSink(Diagnostician& diagnostician, std::unique_ptr<events::Sink> next)
      : diagnostician_(diagnostician), next_(std::move(next)) {}

  void emit(events::Event event) override {
    diagnostician_.hear(event);
    next_->emit(std::move(event));
  }

 private:
  Diagnostician& diagnostician_;
  std::unique_ptr<events::Sink> next_;
};

// The event about a site, from that of the attempt that made us look.
events::Event event_of(const events::Event& about, const std::optional<Diagnosis>& found,
                       WallTime now, Duration took) {
  events::Event event;
  event.kind = events::EventKind::diagnosed;
  event.at = now;
  event.site = site_of(about);
  event.peer.host = about.peer.host;
  event.phase = about.phase;
  event.took = took;
  event.reply = found ? found->title : "looked at now, nothing is broken up to there";
  if (found) event.cause.rule = found->finding;
  if (found) event.cause.remedy = found->remedy;
  return event;
}

}  // namespace

void Diagnostician::enable(bool enabled) {
  enabled_ = enabled;
  if (!enabled) sites_.forget_all();
}

void Diagnostician::hear(events::Event& event) {
  if (!enabled_ || !events::is_about_mail(event.kind)) return;
  const Instant now = services_.loop.now();
  const bool is_due = sites_.hear(event, now);
  if (const Diagnosis* found = sites_.of(event)) {
    event.cause.rule = found->finding;
    event.cause.remedy = found->remedy;
  }
  // The next failure asks again.
  if (!is_due || looking_) return;
  std::optional<SiteQuestion> question = services_.question(event);
  sites_.look(site_of(event), now);
  if (!question) return;
  looking_ = true;
  looks_.start(look(*std::move(question), event));
}

io::Task<void> Diagnostician::look(SiteQuestion question, events::Event about) {
  const Instant began = services_.loop.now();
  const std::string site = question.site;
  std::optional<Diagnosis> found = co_await services_.examine(std::move(question));
  looking_ = false;
  if (!enabled_) co_return;
  events::Event event =
      event_of(about, found, services_.loop.wall_now(), services_.loop.now() - began);
  sites_.note(site, std::move(found));
  services_.tell(std::move(event));
}

std::string Diagnostician::of(const queue::Standing& standing) const {
  if (standing.attempts == 0) return {};
  const size_t at = standing.recipient.rfind('@');
  const std::string domain =
      at == std::string::npos ? "" : base::to_lower(standing.recipient.substr(at + 1));
  const Diagnosis* found = sites_.of(standing.site, domain);
  return found ? found->text() : std::string();
}

std::optional<std::string> Diagnostician::trouble() {
  sites_.tidy(services_.loop.now());
  return sites_.trouble();
}

std::unique_ptr<events::Sink> Diagnostician::sink(std::unique_ptr<events::Sink> next) {
  return std::make_unique<HearingSink>(*this, std::move(next));
}

}  // namespace waypost::daemon
