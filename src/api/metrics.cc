#include "api/metrics.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/utf8.h"

namespace waypost::api {
namespace {

using events::Event;
using events::EventKind;

std::string escaped(std::string_view value) {
  std::string text;
  for (char c : base::to_valid_utf8(value)) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n')
      text += "\\n";
    else
      text += c;
  }
  return text;
}

std::string label(std::string_view name, std::string_view value) {
  return fmt::format("{}=\"{}\"", name, escaped(value));
}

void add_help(std::string& text, std::string_view name, std::string_view type,
              std::string_view help) {
  text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void add_series(std::string& text, std::string_view name, std::string_view help,
                const std::map<std::string, uint64_t>& counts) {
  add_help(text, name, "counter", help);
  for (const auto& [labels, count] : counts)
    text += fmt::format("{}{{{}}} {}\n", name, labels, count);
}

bool is_final(EventKind kind) {
  return kind == EventKind::delivered || kind == EventKind::bounced || kind == EventKind::expired ||
         kind == EventKind::suppressed || kind == EventKind::cancelled;
}

bool is_of_attempt(EventKind kind) {
  return kind == EventKind::delivered || kind == EventKind::deferred || kind == EventKind::bounced;
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
  const bool has_room = counts_.size() < series_max || counts_.contains(labels);
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

void Metrics::heard(const Event& event) {
  const uint64_t recipients = std::max<size_t>(event.recipients.size(), 1);
  if (event.kind == EventKind::accepted)
    accepted_.add(label("stream", event.stream), label("stream", "others"));
  if (event.kind == EventKind::rejected) ++rejected_;
  if (is_of_attempt(event.kind)) add_attempt(event, recipients);
  if (is_final(event.kind)) {
    const std::string state = label("state", events::name(event.kind));
    final_.add(label("site", event.site) + "," + state, label("site", "others") + "," + state,
               recipients);
  }
}

void Metrics::add_attempt(const Event& event, uint64_t recipients) {
  const std::string outcome = label("outcome", events::name(event.kind));
  attempts_.add(label("site", event.site) + "," + outcome, label("site", "others") + "," + outcome,
                recipients);
  if (event.kind == EventKind::bounced)
    bounces_.add(label("cause", event.cause.reply_class), label("cause", "others"), recipients);
  if (event.kind != EventKind::delivered) return;
  const double seconds = std::chrono::duration<double>(event.since_accepted).count();
  const auto bound = std::lower_bound(delivery_bounds_s.begin(), delivery_bounds_s.end(), seconds);
  delivery_counts_[size_t(bound - delivery_bounds_s.begin())] += recipients;
  delivery_sum_s_ += seconds * double(recipients);
}

void Metrics::add_delivery_times(std::string& text) const {
  constexpr std::string_view name = "waypost_time_to_deliver_seconds";
  add_help(text, name, "histogram", "From the acceptance to their 250, for each recipient.");
  uint64_t count = 0;
  for (size_t i = 0; i < delivery_bounds_s.size(); ++i) {
    count += delivery_counts_[i];
    text += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", name, delivery_bounds_s[i], count);
  }
  count += delivery_counts_.back();
  text += fmt::format("{}_bucket{{le=\"+Inf\"}} {}\n{}_sum {}\n{}_count {}\n", name, count, name,
                      delivery_sum_s_, name, count);
}

void Metrics::add_queue(std::string& text) const {
  const queue::PlaceCounts places = services_.queue.places();
  add_help(text, "waypost_queue_recipients", "gauge", "Recipients that wait, by what for.");
  const auto add = [&](std::string_view place, uint64_t count) {
    text += fmt::format("waypost_queue_recipients{{place=\"{}\"}} {}\n", place, count);
  };
  add("resolving", places.resolving);
  add("ready", places.ready);
  add("deferred", places.deferred);
  add("paused", places.paused);
  add("other", places.other);
  add_help(text, "waypost_queue_messages", "gauge", "Messages with a recipient that waits.");
  text += fmt::format("waypost_queue_messages {}\n", services_.queue.messages());
  double oldest_s = 0;
  services_.queue.visit_standings([&](const queue::Standing& standing) {
    oldest_s =
        std::chrono::duration<double>(services_.loop.wall_now() - standing.accepted_at).count();
    return false;
  });
  add_help(text, "waypost_queue_oldest_seconds", "gauge", "Age of the oldest message that waits.");
  text += fmt::format("waypost_queue_oldest_seconds {}\n", std::max(oldest_s, 0.0));
}

std::string Metrics::page() const {
  std::string text;
  add_series(text, "waypost_messages_accepted_total", "Messages on stable storage.",
             accepted_.all());
  add_help(text, "waypost_messages_rejected_total", "counter", "Refused, never accepted.");
  text += fmt::format("waypost_messages_rejected_total {}\n", rejected_);
  add_series(text, "waypost_delivery_attempts_total", "Recipients, by what an attempt came to.",
             attempts_.all());
  add_series(text, "waypost_recipients_final_total", "Recipients, by how they ended.",
             final_.all());
  add_series(text, "waypost_bounces_total", "Recipients that bounced, by the cause.",
             bounces_.all());
  add_queue(text);
  add_delivery_times(text);
  add_help(text, "waypost_check_ok", "gauge", "1 where the check of /readyz is well.");
  for (const auto& [name, is_well] : services_.checks())
    text += fmt::format("waypost_check_ok{{{}}} {}\n", label("check", name), is_well ? 1 : 0);
  return text;
}

}  // namespace waypost::api
