#include "api/metrics.h"

#include <algorithm>
#include <chrono>

#include "base/version.h"
#include "events/direction.h"
#include "shaping/limits.h"

namespace waypost::api {
namespace {

using events::Direction;
using events::Event;
using events::EventKind;

const std::string other = "other";
// The oldest recipients, among which that of each provider is looked for: with more a scrape would
// hold up mail.
constexpr size_t looked_at_max = 1000;

constexpr std::array<double, 10> delivery_bounds_s{0.1, 0.5, 1, 5, 10, 60, 300, 3600, 14400, 86400};
constexpr std::array<double, 10> phase_bounds_s{0.005, 0.02, 0.1, 0.25, 0.5, 1, 5, 15, 60, 300};

double seconds_of(Duration duration) { return std::chrono::duration<double>(duration).count(); }

void show(Exposition& page, std::string_view name, std::string_view help,
          const std::map<std::string, uint64_t>& counts) {
  page.begin(name, "counter", help);
  for (const auto& [labels, count] : counts) page.add(labels, count);
}

void show(Exposition& page, std::string_view name, std::string_view help, std::string_view label,
          const std::map<std::string, Histogram>& histograms) {
  page.begin(name, "histogram", help);
  for (const auto& [value, histogram] : histograms)
    page.add(labels({{label, value}}), histogram.bounds(), histogram.counts(), histogram.sum());
}

bool is_final(EventKind kind) {
  return kind == EventKind::delivered || kind == EventKind::bounced || kind == EventKind::expired ||
         kind == EventKind::suppressed || kind == EventKind::cancelled;
}

bool is_of_attempt(EventKind kind) {
  return kind == EventKind::delivered || kind == EventKind::deferred || kind == EventKind::bounced;
}

bool came_back(EventKind kind) {
  return kind == EventKind::late_bounced || kind == EventKind::late_delayed ||
         kind == EventKind::complained || kind == EventKind::unsubscribed ||
         kind == EventKind::auto_replied;
}

io::Task<web::Response> at_once(web::Response response) { co_return response; }

// A proxy on this machine asks for others, and says so.
bool is_of_this_machine(const web::Request& head) {
  if (!head.client.address.is_loopback()) return false;
  for (const char* name : {"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"})
    if (!head.field(name).empty()) return false;
  return true;
}

}  // namespace

void Metrics::Series::add(const std::string& labels, const std::string& labels_of_others,
                          uint64_t count) {
  const bool has_room = counts_.size() < series_max_ || counts_.contains(labels);
  counts_[has_room ? labels : labels_of_others] += count;
}

void Metrics::add_to(web::Router& router, Access& access) {
  web::Router::Route route;
  web::Router::Guard guard = access.route(records::Scope::read, {}).guard;
  route.guard = [guard, &access](web::Request& head) -> io::Task<std::optional<web::Response>> {
    // Under a name that is not ours a page of somebody else's may have made a browser here ask.
    if (!is_of_this_machine(head) || access.refuse_host(head)) return guard(head);
    const auto anybody = []() -> io::Task<std::optional<web::Response>> { co_return std::nullopt; };
    return anybody();
  };
  route.handler = [this](web::Request) {
    return at_once({.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = page()});
  };
  router.on("GET", "/metrics", std::move(route));
}

// The rule's name, for the first of them.
const std::string& Metrics::provider_of(std::string_view rule) {
  const auto found = providers_.find(rule);
  if (found != providers_.end()) return *found;
  if (rule.empty() || providers_.size() >= providers_max) return other;
  return *providers_.emplace(rule).first;
}

void Metrics::heard(const Event& event) {
  const uint64_t recipients = std::max<size_t>(event.recipients.size(), 1);
  const Direction direction = direction_of(event);
  if (direction != Direction::sent && event.kind != EventKind::rejected) {
    const bool is_told = event.kind == EventKind::accepted || is_final(event.kind);
    const std::string of =
        labels({{"direction", name(direction)}, {"state", events::name(event.kind)}});
    if (is_told) apart_.add(of, of, recipients);
    return;
  }
  if (event.kind == EventKind::accepted)
    accepted_.add(labels({{"stream", event.stream}}), labels({{"stream", other}}));
  if (event.kind == EventKind::rejected) ++rejected_;
  if (came_back(event.kind)) {
    const std::string kind = labels({{"kind", events::name(event.kind)}});
    returned_.add(kind, kind, recipients);
  }
  const bool bounced_later = event.kind == EventKind::late_bounced && event.delivered_at;
  if (!is_of_attempt(event.kind) && !is_final(event.kind) && !bounced_later) return;
  const std::string& provider = provider_of(services_.queue.rule_of(event.site));
  if (bounced_later) add_bounce(event, provider, recipients);
  if (is_of_attempt(event.kind)) add_attempt(event, provider, recipients);
  if (!is_final(event.kind)) return;
  const std::string_view state = events::name(event.kind);
  final_.add(labels({{"provider", provider}, {"state", state}}),
             labels({{"provider", other}, {"state", state}}), recipients);
}

void Metrics::add_attempt(const Event& event, const std::string& provider, uint64_t recipients) {
  const std::string_view outcome = events::name(event.kind);
  attempts_.add(
      labels({{"provider", provider}, {"source", event.peer.source}, {"outcome", outcome}}),
      labels({{"provider", other}, {"source", other}, {"outcome", outcome}}), recipients);
  if (event.kind == EventKind::bounced) add_bounce(event, provider, recipients);
  add_steps(event);
  if (event.kind != EventKind::delivered) return;
  delivery_times_.try_emplace(provider, delivery_bounds_s)
      .first->second.add(seconds_of(event.since_accepted), recipients);
}

void Metrics::add_bounce(const Event& event, const std::string& provider, uint64_t recipients) {
  const std::string_view cause = event.cause.reply_class;
  bounces_.add(labels({{"provider", provider}, {"cause", cause}}),
               labels({{"provider", other}, {"cause", cause}}), recipients);
}

// Once for each attempt: what it tells of several recipients comes one after the other.
void Metrics::add_steps(const Event& event) {
  if (event.steps.empty()) return;
  Attempt attempt{event.message, event.attempt, event.steps};
  if (attempt == last_attempt_) return;
  last_attempt_ = std::move(attempt);
  for (const events::Step& step : event.steps)
    phase_times_.try_emplace(std::string(events::name(step.phase)), phase_bounds_s)
        .first->second.add(seconds_of(step.took));
}

void Metrics::show_counts(Exposition& page) const {
  show(page, "waypost_messages_accepted_total", "Messages on stable storage.", accepted_.all());
  page.begin("waypost_messages_rejected_total", "counter", "Refused, never accepted.");
  page.add("", rejected_);
  show(page, "waypost_delivery_attempts_total", "Recipients, by what an attempt came to.",
       attempts_.all());
  show(page, "waypost_messages_final_total", "Messages, one for each recipient, by how they ended.",
       final_.all());
  show(page, "waypost_bounces_total", "Recipients that bounced, by the cause.", bounces_.all());
  show(page, "waypost_messages_returned_total", "What came back later, by what it was.",
       returned_.all());
  show(page, "waypost_recipients_apart_total",
       "Recipients of what was not sent by anybody here: of notices, and of what came in.",
       apart_.all());
  show(page, "waypost_time_to_deliver_seconds",
       "From the acceptance to their 250, for each recipient.", "provider", delivery_times_);
  show(page, "waypost_attempt_phase_seconds", "How long each part of an attempt took.", "phase",
       phase_times_);
}

// In proportion to the sites, not to the mail.
void Metrics::show_queue(Exposition& page) {
  std::map<std::string, ProviderQueue> providers;
  uint64_t counted = 0;
  services_.queue.visit_counts([&](const queue::SiteCounts& site) {
    const std::string& provider = provider_of(site.rule);
    ProviderQueue& of = providers[provider];
    for (size_t place = 0; place < queue::place_count; ++place)
      of.places[place] += site.places[place];
    counted += site.recipients;
    of.attempts += site.attempts;
    ++of.measures[site.measure];
    if (!of.limits && &provider != &other) of.limits = site.limits;
  });
  // What nobody has looked up a site for yet, since it is not to go: after a start all that was
  // deferred before it.
  for (queue::Place place : {queue::Place::held, queue::Place::scheduled, queue::Place::deferred})
    if (const uint64_t count = services_.queue.unrouted()[size_t(place)]; count > 0) {
      providers[other].places[size_t(place)] += count;
      counted += count;
    }
  page.begin("waypost_queue_messages", "gauge",
             "Messages that wait, one for each recipient, by what for.");
  for (const auto& [provider, of] : providers)
    for (size_t place = 0; place < queue::place_count; ++place)
      if (const auto name = queue::name(queue::Place(place)); of.places[place] > 0)
        page.add(labels({{"provider", provider}, {"state", name}}), of.places[place]);
  const uint64_t queued = services_.queue.unsettled_recipients();
  page.add(labels({{"provider", other}, {"state", "unrouted"}}),
           queued > counted ? queued - counted : 0);
  show_oldest(page);
  show_shaping(page, providers);
}

void Metrics::show_oldest(Exposition& page) {
  std::map<std::string, double> ages;
  const WallTime now = services_.loop.wall_now();
  // The first is not the oldest: what was to go later waits since then alone.
  const auto note = [&](std::string_view rule, WallTime since) {
    double& age = ages[provider_of(rule)];
    age = std::max(age, seconds_of(now - since));
  };
  services_.queue.visit_oldest(looked_at_max, note);
  page.begin("waypost_queue_oldest_seconds", "gauge",
             "Age of the oldest message that waits, where it is among the 1,000 oldest.");
  for (const auto& [provider, age] : ages) page.add(labels({{"provider", provider}}), age);
}

void Metrics::show_shaping(Exposition& page,
                           const std::map<std::string, ProviderQueue>& providers) const {
  page.begin("waypost_connections", "gauge",
             "Attempts that run, each over a connection of its own; without idle connections.");
  for (const auto& [provider, of] : providers)
    page.add(labels({{"provider", provider}}), of.attempts);
  page.begin("waypost_shaping_limit", "gauge", "What a site of the provider may get at most.");
  for (const auto& [provider, of] : providers) {
    if (!of.limits) continue;
    shaping::each_limit([&, &name = provider, &limits = *of.limits](const char* kind, auto limit) {
      const auto value = double((limits.*limit).value);
      if (value > 0) page.add(labels({{"provider", name}, {"kind", kind}}), value);
    });
  }
  page.begin("waypost_shaping_state", "gauge", "Sites of the provider, by how they stand.");
  for (const auto& [provider, of] : providers)
    for (const auto& [measure, sites] : of.measures)
      page.add(labels({{"provider", provider}, {"state", queue::name(measure)}}), sites);
}

void Metrics::show_relay(Exposition& page) const {
  const spool::SyncTimes syncs = services_.relay.syncs();
  page.begin("waypost_spool_fsync_seconds", "histogram",
             "How long it took to write what was pending to stable storage.");
  page.add("", syncs.bounds_s, syncs.counts, syncs.sum_s);
  page.begin("waypost_check_ok", "gauge", "1 where the check of /readyz is well.");
  for (const auto& [name, is_well] : services_.relay.checks())
    page.add(labels({{"check", name}}), uint64_t(is_well));
  const auto [loaded_at, is_newest] = services_.relay.configuration();
  page.begin("waypost_config_last_reload_success_timestamp_seconds", "gauge",
             "When the configuration was taken that holds now.");
  page.add("", seconds_of(loaded_at.time_since_epoch()));
  page.begin("waypost_config_last_reload_successful", "gauge",
             "0 after a reload that was refused.");
  page.add("", uint64_t(is_newest));
  page.begin("waypost_build_info", "gauge", "1, with what runs.");
  page.add(labels({{"version", base::version}}), uint64_t(1));
}

std::string Metrics::page() {
  Exposition page;
  show_counts(page);
  show_queue(page);
  show_relay(page);
  return page.text();
}

}  // namespace waypost::api
