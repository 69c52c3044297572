#include "daemon/failing_sites.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::daemon {
namespace {

using events::Event;
using events::EventKind;
using events::Phase;

constexpr size_t sites_named_max = 3;

// The rung of the doctor's ladder that an attempt stood on. None for what is no business of it: our
// own way out, and what is said about mail.
std::optional<int> rung_of(Phase phase) {
  switch (phase) {
    case Phase::resolve:
      return 1;
    case Phase::connect:
    case Phase::greeting:
    case Phase::hello:
      return 2;
    case Phase::tls:
      return 3;
    case Phase::login:
      return 4;
    default:
      return std::nullopt;
  }
}

// A server that greets with "not now" has said all that there is, and wants to be left alone.
bool spoke_for_itself(const Event& event) {
  const bool early = event.phase == Phase::greeting || event.phase == Phase::hello;
  return early && is_reply(event.reply);
}

bool is_failure(const Event& event) {
  const bool is_open = event.kind == EventKind::deferred || event.kind == EventKind::expired;
  return is_open && event.phase && rung_of(*event.phase) && !spoke_for_itself(event);
}

// Somebody there takes mail, or refuses it as mail.
bool is_reached(const Event& event) {
  const bool is_outcome = event.kind == EventKind::delivered || event.kind == EventKind::deferred ||
                          event.kind == EventKind::bounced;
  return is_outcome && event.phase && *event.phase > Phase::login;
}

std::string domain_of(std::string_view address) {
  const size_t at = address.rfind('@');
  return at == std::string_view::npos ? std::string() : base::to_lower(address.substr(at + 1));
}

}  // namespace

std::string Diagnosis::text() const {
  return base::escape_control(
      fmt::format("{}, {}: {} (waypost explain {})", finding, title, remedy, finding));
}

std::string site_of(const Event& event) {
  if (!event.site.empty()) return event.site;
  return event.recipients.empty() ? std::string() : domain_of(event.recipients.front());
}

bool is_reply(std::string_view text) {
  return text.size() > 3 && (text[0] == '4' || text[0] == '5') && base::is_digit(text[1]) &&
         base::is_digit(text[2]) && text[3] == ' ';
}

bool FailingSites::hear(const Event& event, Instant now) {
  const std::string name = site_of(event);
  if (name.empty()) return false;
  if (is_reached(event)) {
    sites_.erase(name);
    // Its mail hosts were found as well, whatever was said of the name before.
    for (const std::string& recipient : event.recipients) sites_.erase(domain_of(recipient));
    return false;
  }
  if (!is_failure(event)) return false;
  auto known = sites_.find(name);
  if (known == sites_.end()) {
    if (sites_.size() >= sites_max) return false;
    known = sites_.try_emplace(name).first;
  } else if (now - known->second.last_failure < failures_apart) {
    return false;
  }
  Site& site = known->second;
  site.last_failure = now;
  ++site.failures;
  const bool rested = !site.looked_at || now - *site.looked_at >= again_after;
  return site.failures >= failures_before && rested;
}

void FailingSites::look(const std::string& site, Instant now) {
  if (auto known = sites_.find(site); known != sites_.end()) known->second.looked_at = now;
}

void FailingSites::note(const std::string& site, std::optional<Diagnosis> diagnosis) {
  if (auto known = sites_.find(site); known != sites_.end())
    known->second.diagnosis = std::move(diagnosis);
}

void FailingSites::tidy(Instant now) {
  std::erase_if(sites_, [&](const auto& entry) {
    return now - entry.second.last_failure >= forgotten_after;
  });
}

const Diagnosis* FailingSites::of(std::string_view site, std::string_view domain) const {
  auto known = sites_.find(site.empty() ? domain : site);
  if (known == sites_.end() || !known->second.diagnosis) return nullptr;
  return &*known->second.diagnosis;
}

const Diagnosis* FailingSites::of(const Event& event) const {
  if (!is_failure(event)) return nullptr;
  const Diagnosis* found = of(site_of(event), {});
  return found && found->rung <= *rung_of(*event.phase) ? found : nullptr;
}

std::optional<std::string> FailingSites::trouble() const {
  std::string text;
  size_t count = 0;
  for (const auto& [name, site] : sites_) {
    if (!site.diagnosis) continue;
    if (++count > sites_named_max) continue;
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", base::escape_control(name),
                        site.diagnosis->text());
  }
  if (count == 0) return std::nullopt;
  if (count > sites_named_max) text += fmt::format("; and {} more", count - sites_named_max);
  return text;
}

}  // namespace waypost::daemon
