#include "api/overview_pages.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/problems.h"
#include "api/queue_json.h"
#include "base/utf8.h"
#include "events/direction.h"

namespace waypost::api {
namespace {

namespace json = boost::json;
using events::Direction;
using events::EventKind;

// Recipients that wait, the oldest first, among which the oldest is looked for: of mail that is
// scheduled many may stand in front of it.
constexpr size_t looked_at_max = 1000;
constexpr Duration looked_every = std::chrono::seconds(10);
constexpr size_t causes_shown = 5;
constexpr Duration clock_doubt = std::chrono::minutes(1);

web::Response in_json(const json::value& value) { return {.body = json::serialize(value) + "\n"}; }

struct Question {
  Window window = Window::day;
  std::string provider;
};

// `longest`: nothing is known of what was before.
tl::expected<Question, web::Response> parse(const web::Request& request, bool has_provider,
                                            Window longest) {
  Question question;
  auto parameters = web::parse_query(request.query);
  std::vector<web::FieldProblem> problems;
  if (!parameters) problems.push_back({"", "the query cannot be read"});
  if (parameters)
    for (const auto& [key, value] : *parameters) {
      const std::optional<Window> window = parse_window(value);
      if (key == "window" && window && *window <= longest)
        question.window = *window;
      else if (key == "window")
        problems.push_back({key, fmt::format("is none of 1h to {}", name(longest))});
      else if (key == "provider" && has_provider)
        question.provider = value;
      else
        problems.push_back({key, "is not known here"});
    }
  if (auto refusal = refuse_any(problems)) return tl::unexpected(*std::move(refusal));
  return question;
}

uint64_t total_of(const CauseCount& count) { return count.deferred + count.bounced; }

double share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : double(part) / double(whole);
}

template <class Weight>
void sort_by(std::vector<CauseCount>& counts, const Weight& weight) {
  std::stable_sort(counts.begin(), counts.end(),
                   [&](const auto& one, const auto& other) { return weight(one) > weight(other); });
}

json::value example_of(const CauseCount& count) {
  return {{"message", count.message},
          {"recipient", base::to_valid_utf8(count.recipient)},
          {"reply", base::to_valid_utf8(count.reply)}};
}

struct BounceRow {
  uint64_t bounced = 0;
  json::object object;
};

// One cause, with all providers where it was met.
BounceRow bounce_row(const classify::ClassPage& page, const std::vector<CauseCount>& counts,
                     uint64_t all) {
  BounceRow row;
  json::array providers;
  const CauseCount* newest = &counts.front();
  WallTime first_seen = newest->first_seen;
  for (const CauseCount& count : counts) {
    row.bounced += count.bounced;
    providers.push_back(
        json::object{{"provider", base::to_valid_utf8(count.provider)}, {"count", count.bounced}});
    if (count.last_seen > newest->last_seen) newest = &count;
    first_seen = std::min(first_seen, count.first_seen);
  }
  row.object = {{"cause", newest->cause},
                {"title", page.title},
                {"class", newest->cause},
                {"who_acts", classify::name(page.who)},
                {"actor", page.actor},
                {"meaning", page.meaning},
                {"fix", json::value_from(page.remedy)},
                {"count", row.bounced},
                {"share", share(row.bounced, all)},
                {"providers", std::move(providers)},
                {"first_seen", base::to_rfc3339(first_seen)},
                {"last_seen", base::to_rfc3339(newest->last_seen)},
                {"example", example_of(*newest)}};
  return row;
}

json::array values_of(const std::vector<std::optional<uint64_t>>& values) {
  json::array list;
  for (const auto& value : values)
    list.push_back(value ? json::value(*value) : json::value(nullptr));
  return list;
}

}  // namespace

OverviewPages::OverviewPages(Services services)
    : services_(std::move(services)),
      history_(services_.loop.wall_now()),
      keeper_(services_.kept, history_),
      causes_since_(services_.loop.wall_now()),
      looking_(services_.loop.timers()),
      looked_wall_(services_.loop.wall_now()),
      looked_(services_.loop.now()) {
  keeper_.restore();
  look();
}

void OverviewPages::add_to(web::Router& router, Access& access) {
  const auto on = [&](const char* method, const char* path, auto handler) {
    router.on(method, path,
              access.route(records::Scope::admin, [this, handler](web::Request request) {
                return (this->*handler)(std::move(request));
              }));
  };
  on("GET", "/v1/overview", &OverviewPages::overview);
  on("GET", "/v1/history", &OverviewPages::history);
  on("GET", "/v1/bounces", &OverviewPages::bounces);
}

void OverviewPages::heard(const events::Event& event) {
  const uint64_t recipients = std::max<size_t>(event.recipients.size(), 1);
  const Direction direction = direction_of(event);
  const std::string provider = Causes::provider_of(event);
  const auto add = [&](Series series) {
    if (direction == Direction::notice)
      history_.add_apart(History::notices, series, recipients, event.at);
    else if (direction == Direction::inbound)
      history_.add_apart(History::inbound, series, recipients, event.at);
    else if (series == Series::accepted)
      history_.add(History::all_mail, series, recipients, event.at);
    else
      history_.add(provider, series, recipients, event.at);
  };
  if (event.kind == EventKind::accepted) add(Series::accepted);
  if (event.kind == EventKind::delivered) add(Series::delivered);
  if (event.kind == EventKind::deferred) add(Series::deferred);
  // What expired was given up as well.
  if (event.kind == EventKind::bounced || event.kind == EventKind::expired) add(Series::bounced);
  if (direction != Direction::sent) return;
  // Their server had taken it, and sent it back.
  if (event.kind == EventKind::late_bounced && event.delivered_at)
    history_.move(provider, {Series::delivered, *event.delivered_at, Series::bounced, event.at},
                  recipients);
  if (event.kind == EventKind::complained) {
    history_.add_apart(History::complaints, Series::bounced, recipients, event.at);
    complaints_.count("complained", Series::bounced, event);
  }
  causes_.heard(event);
}

// In proportion to the sites, not to the mail.
void OverviewPages::look() {
  const WallTime now = services_.loop.wall_now();
  // Where the two clocks part somebody set the one that people read.
  const WallTime last = std::exchange(looked_wall_, now);
  const Duration passed = services_.loop.now() - std::exchange(looked_, services_.loop.now());
  if (std::chrono::abs(now - last - passed) > clock_doubt) {
    history_.clock_was_set(last, now);
    causes_.forget_after(now);
    complaints_.forget_after(now);
  }
  history_.look(History::all_mail, services_.queue.unsettled_recipients(), now);
  std::map<std::string, uint64_t, std::less<>> waiting;
  for (const std::string& provider : history_.providers()) waiting[provider] = 0;
  const auto others = waiting.find(History::other_provider);
  services_.queue.visit_counts([&](const queue::SiteCounts& site) {
    const auto found = waiting.find(site.name);
    if (found != waiting.end())
      found->second = site.recipients;
    else if (others != waiting.end())
      others->second += site.recipients;
  });
  for (const auto& [provider, count] : waiting) history_.look(provider, count, now);
  looking_.start(services_.loop.now() + looked_every, [this] { look(); });
}

const classify::ClassPage& OverviewPages::page_of(const std::string& cause) const {
  const auto parsed = classify::parse_reply_class(cause);
  return services_.replies.book().page(parsed.value_or(classify::ReplyClass::unknown));
}

std::vector<CauseCount> OverviewPages::causes_of(Window window) const {
  std::vector<CauseCount> causes = causes_.in(window, services_.loop.wall_now());
  sort_by(causes, total_of);
  return causes;
}

std::string OverviewPages::causes_since(Window window) const {
  const WallTime begun = services_.loop.wall_now() -
                         std::chrono::duration_cast<std::chrono::microseconds>(length_of(window));
  return base::to_rfc3339(std::max(begun, causes_since_));
}

uint64_t OverviewPages::complained_at(const std::string& provider, Window window) const {
  uint64_t count = 0;
  for (const CauseCount& each : complaints_.in(window, services_.loop.wall_now()))
    if (each.provider == provider) count += each.bounced;
  return count;
}

// What nobody here sent.
json::object OverviewPages::apart_json(Window window) const {
  json::object apart;
  for (const auto& [name, key] :
       {std::pair(History::notices, "notices"), std::pair(History::inbound, "inbound")}) {
    const Sums sums = history_.sums(name, window, services_.loop.wall_now());
    json::object one;
    for (size_t i = 0; i < series_count; ++i) one[series_names[i]] = sums[i];
    apart[key] = std::move(one);
  }
  return apart;
}

LeadingCause OverviewPages::leading(const std::vector<CauseCount>& causes,
                                    uint64_t CauseCount::*count) const {
  const auto first = std::max_element(
      causes.begin(), causes.end(),
      [&](const CauseCount& one, const CauseCount& other) { return one.*count < other.*count; });
  if (first == causes.end() || (*first).*count == 0) return {};
  return {page_of(first->cause).title, first->provider};
}

MailState OverviewPages::state_of(Window window, const std::vector<CauseCount>& causes) const {
  const queue::Queue& queue = services_.queue;
  const WallTime now = services_.loop.wall_now();
  MailState mail;
  mail.sums = history_.sums(History::all_mail, window, now);
  mail.complained = of(history_.sums(History::complaints, window, now), Series::bounced);
  for (const std::string& provider : history_.providers())
    mail.providers.push_back(
        {provider, history_.sums(provider, window, now), complained_at(provider, window)});
  mail.waiting = queue.unsettled_recipients();
  const queue::PlaceCounts places = queue.places();
  mail.is_paused = places.paused > 0 && places.paused + places.scheduled >= mail.waiting;
  queue.visit_oldest(looked_at_max, [&](std::string_view, WallTime since) {
    mail.oldest_waiting = std::max<Duration>(mail.oldest_waiting, now - since);
  });
  mail.of_deferrals = leading(causes, &CauseCount::deferred);
  mail.of_bounces = leading(causes, &CauseCount::bounced);
  return mail;
}

json::array OverviewPages::causes_json(const std::vector<CauseCount>& causes,
                                       uint64_t tried) const {
  json::array list;
  for (const CauseCount& count : causes) {
    if (list.size() == causes_shown) break;
    const classify::ClassPage& page = page_of(count.cause);
    list.push_back(json::object{{"cause", count.cause},
                                {"title", page.title},
                                {"count", total_of(count)},
                                {"deferred", count.deferred},
                                {"bounced", count.bounced},
                                {"share", share(total_of(count), tried)},
                                {"who_acts", classify::name(page.who)},
                                {"actor", page.actor},
                                {"provider", base::to_valid_utf8(count.provider)},
                                {"example_message", count.message},
                                {"last_seen", base::to_rfc3339(count.last_seen)}});
  }
  return list;
}

json::array OverviewPages::providers_json(Window window) const {
  const WallTime now = services_.loop.wall_now();
  const auto providers = history_.providers();
  const std::set<std::string_view> known(providers.begin(), providers.end());
  uint64_t elsewhere = 0;
  services_.queue.visit_counts([&](const queue::SiteCounts& site) {
    if (!known.contains(site.name)) elsewhere += site.recipients;
  });
  json::array list;
  for (const std::string& provider : providers) {
    const Sums sums = history_.sums(provider, window, now);
    const std::optional<queue::SiteView> site = services_.queue.site(provider);
    const double limit = site ? site->limits.messages_per_second.value : 0;
    json::object one{{"provider", base::to_valid_utf8(provider)}};
    for (Series series : {Series::delivered, Series::deferred, Series::bounced})
      one[series_names[size_t(series)]] = of(sums, series);
    one["waiting"] = site ? site->recipients : provider == History::other_provider ? elsewhere : 0;
    one["rate_per_second"] = history_.tried_per_second(provider, now);
    one["limit_per_second"] = limit > 0 ? json::value(limit) : json::value(nullptr);
    one["state"] = site ? queue::name(site->measure) : "open";
    list.push_back(std::move(one));
  }
  return list;
}

json::object OverviewPages::overview_json(Window window) const {
  const queue::Queue& queue = services_.queue;
  const queue::Ledger& ledger = queue.ledger();
  const std::vector<CauseCount> causes = causes_of(window);
  const MailState mail = state_of(window, causes);
  const Verdict verdict = judge(mail);
  const WallTime begun = services_.loop.wall_now() -
                         std::chrono::duration_cast<std::chrono::microseconds>(length_of(window));
  const uint64_t acknowledged = ledger.accepted + ledger.restored;
  const uint64_t known = ledger.settled() + ledger.queued;
  json::object page{{"window", name(window)},
                    {"since", base::to_rfc3339(std::max(begun, history_.started()))},
                    {"verdict", {{"state", verdict.state}, {"text", verdict.text}}}};
  for (size_t i = 0; i < series_count; ++i) page[series_names[i]] = mail.sums[i];
  page["complained"] = mail.complained;
  page["apart"] = apart_json(window);
  page["waiting"] = mail.waiting;
  page["unrouted"] = unrouted_recipients(queue);
  page["held"] = queue.places().paused + queue.places().held;
  page["oldest_waiting_seconds"] =
      std::chrono::duration_cast<std::chrono::seconds>(mail.oldest_waiting).count();
  page["paused"] = queue.places().paused > 0;
  page["loss"] = {{"acknowledged", acknowledged},
                  {"unaccounted", std::max(acknowledged, known) - std::min(acknowledged, known)}};
  const uint64_t tried = of(mail.sums, Series::delivered) + of(mail.sums, Series::deferred) +
                         of(mail.sums, Series::bounced);
  page["causes_since"] = causes_since(window);
  page["causes"] = causes_json(causes, tried);
  page["providers"] = providers_json(window);
  return page;
}

io::Task<web::Response> OverviewPages::overview(web::Request request) {
  auto question = parse(request, false, Window::month);
  if (!question) co_return std::move(question).error();
  co_return in_json(overview_json(question->window));
}

io::Task<web::Response> OverviewPages::history(web::Request request) {
  auto question = parse(request, true, Window::year);
  if (!question) co_return std::move(question).error();
  const auto curves =
      history_.curves(question->provider, question->window, services_.loop.wall_now());
  if (!curves)
    co_return refuse(Problem::provider_not_found,
                     fmt::format("Nothing is known of \"{}\".", question->provider));
  json::object series;
  for (size_t i = 0; i < series_count; ++i) series[series_names[i]] = values_of(curves->counts[i]);
  // Where mail goes is only known after it was accepted.
  if (!question->provider.empty()) series.erase("accepted");
  series["waiting"] = values_of(curves->waiting);
  const json::object page{{"window", name(question->window)},
                          {"step_seconds", curves->step.count()},
                          {"start", base::to_rfc3339(curves->start)},
                          {"series", std::move(series)}};
  co_return in_json(page);
}

io::Task<web::Response> OverviewPages::bounces(web::Request request) {
  auto question = parse(request, true, Window::month);
  if (!question) co_return std::move(question).error();
  std::vector<CauseCount> counts = causes_of(question->window);
  const bool all = question->provider.empty();
  std::erase_if(counts, [&](const CauseCount& count) {
    return count.bounced == 0 || (!all && count.provider != question->provider);
  });
  const auto bounced_of = [](const CauseCount& count) { return count.bounced; };
  sort_by(counts, bounced_of);
  uint64_t bounced = 0;
  std::map<std::string, std::vector<CauseCount>> by_cause;
  for (CauseCount& count : counts) {
    bounced += count.bounced;
    by_cause[count.cause].push_back(std::move(count));
  }
  std::vector<BounceRow> rows;
  for (const auto& [cause, counted] : by_cause)
    rows.push_back(bounce_row(page_of(cause), counted, bounced));
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& one, const auto& other) { return one.bounced > other.bounced; });
  json::array data;
  for (BounceRow& row : rows) data.push_back(std::move(row.object));
  const json::object page{{"object", "list"},
                          {"data", std::move(data)},
                          {"window", name(question->window)},
                          {"since", causes_since(question->window)},
                          {"bounced", bounced},
                          {"has_more", false}};
  co_return in_json(page);
}

}  // namespace waypost::api
