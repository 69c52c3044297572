#include "api/metrics.h"

#include <fstream>
#include <sstream>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "tests/fakes/source_folder.h"
#include "tests/unit/api/metrics_page.h"
#include "tests/unit/queue/queue_fixture.h"

namespace waypost::api {
namespace {

using namespace std::chrono_literals;
using events::Event;
using events::EventKind;

struct MetricsTest : queue::QueueTest {
  MetricsTest() {
    courier.takes = 10min;
    set_rules({{"google", {"gmail.test"}, limits}, {"yahoo", {"yahoo.test"}, limits}});
  }
  void set_rules(std::vector<shaping::SiteRule> rules) {
    queue->reconfigure({shaping::SiteTable(limits, std::move(rules)), {}});
  }
  // The queue has mail for it, so that its sites are known.
  void wait_at(std::vector<std::string> addresses) {
    for (const std::string& address : addresses) accept(envelope({address}));
    world.run_for(1s);
  }
  static Event event(EventKind kind, std::string site, size_t recipients = 1) {
    Event made;
    made.kind = kind;
    made.sender = "hi@shop.example";
    made.site = std::move(site);
    made.recipients.assign(recipients, "a@x.test");
    return made;
  }
  void bounce(std::string site, std::string_view cause) {
    Event bounced = event(EventKind::bounced, std::move(site));
    bounced.cause.reply_class = classify::slug(*classify::parse_reply_class(cause));
    metrics.heard(bounced);
  }
  ReadPage read() {
    ReadPage page = read_metrics(metrics.page());
    EXPECT_EQ(page.trouble, "");
    return page;
  }

  spool::SyncCounts syncs;
  Metrics metrics{
      {process,
       *queue,
       {[] {
          return std::vector{std::pair<std::string, bool>("spool", true), {"sites", false}};
        },
        [this] { return syncs.read(); },
        [] { return std::pair(WallTime(1'795'000'000s), true); }}}};
};

TEST_F(MetricsTest, count_by_the_rule_that_a_site_falls_under) {
  wait_at({"a@gmail.test", "b@elsewhere.test"});
  metrics.heard(event(EventKind::deferred, "google", 3));
  metrics.heard(event(EventKind::delivered, "mx.elsewhere.test", 2));
  metrics.heard(event(EventKind::expired, "mx.elsewhere.test"));
  bounce("google", "dmarc-fail");
  const ReadPage page = read();
  const auto tried = [&](const char* provider, const char* outcome) {
    return page.value(
        fmt::format("waypost_delivery_attempts_total{{provider=\"{}\",source=\"\",outcome=\"{}\"}}",
                    provider, outcome));
  };
  EXPECT_EQ(tried("google", "deferred"), 3);
  EXPECT_EQ(tried("google", "bounced"), 1);
  EXPECT_EQ(tried("other", "delivered"), 2);
  EXPECT_EQ(tried("other", "expired"), -1) << "that is the end of no attempt";
  const auto final = [&](const char* state) {
    return page.value(
        fmt::format("waypost_messages_final_total{{provider=\"other\",state=\"{}\"}}", state));
  };
  EXPECT_EQ(final("delivered"), 2);
  EXPECT_EQ(final("expired"), 1);
  EXPECT_EQ(page.value("waypost_bounces_total{provider=\"google\",cause=\"dmarc-fail\"}"), 1);
  EXPECT_EQ(page.value("waypost_time_to_deliver_seconds_count{provider=\"other\"}"), 2);
  EXPECT_EQ(metrics.page().find("elsewhere"), std::string::npos) << "anybody may name a domain so";
}

TEST_F(MetricsTest, know_what_is_held_or_scheduled_before_its_site_is_known) {
  spool::Envelope later = envelope({"a@elsewhere.test", "b@elsewhere.test"});
  later.not_before = later.accepted_at + std::chrono::hours(1);
  accept(later);
  spool::Envelope kept = envelope({"c@elsewhere.test"});
  kept.held_because = "nobody signs it";
  accept(kept);
  world.run_for(5ms);
  const ReadPage page = read();
  const auto waiting = [&](const char* state) {
    return page.value(
        fmt::format("waypost_queue_messages{{provider=\"other\",state=\"{}\"}}", state));
  };
  EXPECT_EQ(waiting("scheduled"), 2);
  EXPECT_EQ(waiting("held"), 1);
  EXPECT_EQ(waiting("unrouted"), 0);
}

TEST_F(MetricsTest, know_what_was_deferred_before_the_start) {
  spool::StoredMessage stored;
  stored.envelope = envelope({"a@elsewhere.test"});
  stored.progress[0].attempts = 1;
  stored.progress[0].next_attempt_at = stored.envelope.accepted_at + 1h;
  queue->restore(std::move(stored));
  const ReadPage page = read();
  EXPECT_EQ(page.value("waypost_queue_messages{provider=\"other\",state=\"deferred\"}"), 1);
  EXPECT_EQ(page.value("waypost_queue_messages{provider=\"other\",state=\"unrouted\"}"), 0);
}

TEST_F(MetricsTest, say_what_waits_where_and_since_when) {
  limits.connections.value = 1;
  limits.messages_per_hour.value = 100;
  set_rules({{"google", {"gmail.test"}, limits}});
  wait_at({"a@gmail.test", "b@gmail.test", "c@gmail.test"});
  world.run_for(1min);
  accept(envelope({"d@elsewhere.test"}));
  world.run_for(5ms);
  const ReadPage page = read();
  const auto waiting = [&](const char* provider, const char* state) {
    return page.value(
        fmt::format("waypost_queue_messages{{provider=\"{}\",state=\"{}\"}}", provider, state));
  };
  EXPECT_EQ(waiting("google", "ready"), 2);
  EXPECT_EQ(waiting("google", "sending"), 1);
  EXPECT_EQ(waiting("other", "unrouted"), 1);
  EXPECT_NEAR(page.value("waypost_queue_oldest_seconds{provider=\"google\"}"), 61, 0.1);
  EXPECT_NEAR(page.value("waypost_queue_oldest_seconds{provider=\"other\"}"), 0, 0.1);
  EXPECT_EQ(page.value("waypost_connections{provider=\"google\"}"), 1);
  EXPECT_EQ(page.value("waypost_shaping_limit{provider=\"google\",kind=\"connections\"}"), 1);
  EXPECT_EQ(page.value("waypost_shaping_limit{provider=\"google\",kind=\"messages_per_hour\"}"),
            100);
  EXPECT_EQ(page.value("waypost_shaping_limit{provider=\"google\",kind=\"messages_per_day\"}"), -1)
      << "there is no such limit";
  EXPECT_EQ(page.value("waypost_shaping_state{provider=\"google\",state=\"open\"}"), 1);
}

TEST_F(MetricsTest, have_so_many_providers_and_no_more) {
  std::vector<shaping::SiteRule> rules;
  std::vector<std::string> addresses;
  for (size_t i = 0; i < Metrics::providers_max + 6; ++i) {
    rules.push_back({fmt::format("rule-{}", i), {fmt::format("d{}.test", i)}, limits});
    addresses.push_back(fmt::format("a@d{}.test", i));
  }
  set_rules(rules);
  wait_at(addresses);
  for (const shaping::SiteRule& rule : rules) metrics.heard(event(EventKind::deferred, rule.id));
  const ReadPage page = read();
  EXPECT_EQ(page.find("waypost_delivery_attempts_total")->labels.at("provider").size(),
            Metrics::providers_max + 1);
  EXPECT_EQ(page.value("waypost_delivery_attempts_total{provider=\"other\",source=\"\","
                       "outcome=\"deferred\"}"),
            6);
  EXPECT_EQ(page.find("waypost_queue_messages")->labels.at("provider").size(),
            Metrics::providers_max + 1);
}

TEST_F(MetricsTest, take_the_time_of_an_attempt_once_for_all_its_recipients) {
  Event delivered = event(EventKind::delivered, "google");
  delivered.message = envelope({"a@gmail.test"}).id;
  delivered.attempt = 1;
  delivered.steps = {{events::Phase::connect, 30ms}, {events::Phase::rcpt, 2s}};
  for (int i = 0; i < 3; ++i) metrics.heard(delivered);
  delivered.attempt = 2;
  metrics.heard(delivered);
  const ReadPage page = read();
  EXPECT_EQ(page.value("waypost_attempt_phase_seconds_count{phase=\"rcpt\"}"), 2);
  EXPECT_EQ(page.value("waypost_attempt_phase_seconds_sum{phase=\"rcpt\"}"), 4);
  EXPECT_EQ(page.value("waypost_attempt_phase_seconds_bucket{phase=\"connect\",le=\"0.02\"}"), 0);
  EXPECT_EQ(page.value("waypost_attempt_phase_seconds_bucket{phase=\"connect\",le=\"0.1\"}"), 2);
}

TEST_F(MetricsTest, stay_readable_whatever_a_stream_is_called) {
  Event accepted = event(EventKind::accepted, "");
  accepted.stream = "a\"b\\c\nd\xff}";
  metrics.heard(accepted);
  const ReadPage page = read();
  EXPECT_THAT(page.find("waypost_messages_accepted_total")->labels.at("stream"),
              testing::ElementsAre("a\"b\\c\nd\xef\xbf\xbd}"));
  for (int i = 0; i < 100; ++i) {
    accepted.stream = fmt::format("s{}", i);
    metrics.heard(accepted);
  }
  const ReadPage later = read();
  EXPECT_LE(later.find("waypost_messages_accepted_total")->samples.size(), 65u);
  EXPECT_EQ(later.value("waypost_messages_accepted_total{stream=\"other\"}"), 37);
}

TEST_F(MetricsTest, tell_of_the_relay_itself) {
  syncs.add(500us);
  syncs.add(30ms);
  syncs.add(7s);
  const ReadPage page = read();
  EXPECT_EQ(page.value("waypost_spool_fsync_seconds_bucket{le=\"0.0005\"}"), 1);
  EXPECT_EQ(page.value("waypost_spool_fsync_seconds_bucket{le=\"5\"}"), 2);
  EXPECT_EQ(page.value("waypost_spool_fsync_seconds_count"), 3);
  EXPECT_NEAR(page.value("waypost_spool_fsync_seconds_sum"), 7.0305, 1e-9);
  EXPECT_EQ(page.value("waypost_check_ok{check=\"spool\"}"), 1);
  EXPECT_EQ(page.value("waypost_check_ok{check=\"sites\"}"), 0);
  EXPECT_EQ(page.value("waypost_config_last_reload_success_timestamp_seconds"), 1'795'000'000);
  EXPECT_EQ(page.find("waypost_build_info")->labels.count("version"), 1u);
}

// ---- the board and the alerts

std::string text_of(const char* file) {
  std::ifstream in(fakes::source_folder() / "packaging" / file);
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_GT(text.str().size(), 1000u) << file;
  return text.str();
}

// Every string that Grafana asks Prometheus.
void collect(const boost::json::value& value, std::vector<std::string>& questions) {
  if (const auto* array = value.if_array())
    for (const auto& each : *array) collect(each, questions);
  if (const auto* object = value.if_object())
    for (const auto& [key, each] : *object) {
      if (each.is_string() && (key == "expr" || key == "query"))
        questions.emplace_back(each.as_string());
      collect(each, questions);
    }
}

constexpr const char* name_letters = "abcdefghijklmnopqrstuvwxyz_";

// `{a="b",c=~"d|e"}` at the start of `rest`, or nothing.
void check_matchers(std::string_view rest, const ReadMetric& metric, std::string_view name) {
  if (!rest.starts_with("{")) return;
  while (rest.front() != '}') {
    rest.remove_prefix(rest.find_first_of(name_letters));
    const std::string label(rest.substr(0, rest.find_first_not_of(name_letters)));
    rest.remove_prefix(rest.find('"') + 1);
    const std::string values(rest.substr(0, rest.find('"')));
    rest.remove_prefix(values.size() + 1);
    // Prometheus itself says of which relay it is.
    if (label == "instance") continue;
    ASSERT_TRUE(metric.labels.contains(label)) << name << " has no " << label;
    std::istringstream each(values);
    for (std::string value; std::getline(each, value, '|');)
      EXPECT_TRUE(value.starts_with("$") || metric.labels.at(label).contains(value))
          << name << " has no " << label << " " << value;
  }
}

size_t check_question(const std::string& question, const ReadPage& page) {
  size_t found = 0;
  for (size_t at = question.find("waypost_"); at != question.npos;
       at = question.find("waypost_", at)) {
    const size_t end = std::min(question.find_first_not_of(name_letters, at), question.size());
    const std::string name = question.substr(at, end - at);
    at = end;
    ++found;
    const ReadMetric* metric = page.find(name);
    EXPECT_TRUE(metric) << name;
    if (metric) check_matchers(std::string_view(question).substr(end), *metric, name);
  }
  std::set<std::string> known{"instance", "le"};
  for (const auto& [name, metric] : page.metrics)
    for (const auto& [label, values] : metric.labels) known.insert(label);
  for (size_t at = question.find("by ("); at != question.npos; at = question.find("by (", at + 1)) {
    std::istringstream names(question.substr(at + 4, question.find(')', at) - at - 4));
    for (std::string name; std::getline(names, name, ',');)
      EXPECT_TRUE(known.contains(name.substr(name.find_first_not_of(' ')))) << question;
  }
  return found;
}

struct BoardTest : MetricsTest {
  // Everything has happened once.
  BoardTest() {
    wait_at({"a@gmail.test"});
    for (EventKind kind :
         {EventKind::accepted, EventKind::delivered, EventKind::deferred, EventKind::complained}) {
      Event made = event(kind, "google");
      made.steps = {{events::Phase::connect, 1s}};
      metrics.heard(made);
    }
    for (const char* cause : {"spf-fail", "dkim-fail", "dmarc-fail", "sender-unauthenticated",
                              "blocklisted-ip", "blocklisted-domain"})
      bounce("google", cause);
    page = read();
    // What this relay would have: daemon/relay_health.cc names it.
    page.metrics["waypost_check_ok"].labels["check"].insert("certificate");
  }
  ReadPage page;
};

TEST_F(BoardTest, asks_for_nothing_that_is_not_there) {
  std::vector<std::string> questions;
  collect(boost::json::parse(text_of("grafana-dashboard.json")), questions);
  size_t found = 0;
  for (const std::string& question : questions) found += check_question(question, page);
  EXPECT_GT(found, 20u);
}

TEST_F(BoardTest, alerts_ask_for_nothing_that_is_not_there) {
  EXPECT_GT(check_question(text_of("prometheus-alerts.yml"), page), 10u);
}

}  // namespace
}  // namespace waypost::api
