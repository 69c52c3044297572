#include <set>

#include "base/whole_seconds.h"
#include "daemon/relay_parts.h"

// What is wrong with the relay right now.
namespace waypost::daemon {
namespace {

constexpr Duration health_interval = std::chrono::seconds(5);
// Far longer than a sync on a disk that works, far shorter than a client waits for its reply.
constexpr std::chrono::seconds spool_write_patience{10};
// Let's Encrypt renews 30 days ahead; whoever is nearer to the end has a renewal that fails.
constexpr std::chrono::days certificate_warning{14};
// No turn of a loop takes so long.
constexpr std::chrono::seconds loop_patience{10};

std::optional<std::string> expiry_trouble(const tls::ServerContext& certificate, WallTime now) {
  const WallTime end = certificate.expires_at();
  if (end - now > certificate_warning) return std::nullopt;
  return fmt::format("{} {}: renew it and reload", end > now ? "it expires at" : "it expired at",
                     base::to_whole_seconds(end));
}

std::optional<std::string> deadline_trouble(const queue::Queue& queue) {
  const std::set<MessageId>& running_out = queue.running_out();
  if (running_out.empty()) return std::nullopt;
  const std::vector<queue::Standing> first = queue.standings(*running_out.begin());
  if (first.empty()) return std::nullopt;
  return fmt::format(
      "{} messages have waited for more than half of the time before their deadline; {} for {} is "
      "given up at {}: {}",
      running_out.size(), first[0].id.text(), first[0].recipient,
      base::to_rfc3339(first[0].expires_at), first[0].reason);
}

}  // namespace

void Relay::Parts::watch_health() {
  check_health();
  health_timer.start(loop.now() + health_interval, [this] { watch_health(); });
}

void Relay::Parts::check_health() {
  using Weight = Health::Weight;
  using Trouble = std::optional<std::string>;
  health.report("spool", Weight::stops_mail, spool_trouble());
  health.report("disk", Weight::stops_mail,
                room->is_left()
                    ? Trouble()
                    : fmt::format("less than {} octets are free at {}: new mail gets 452, "
                                  "what waits is still sent",
                                  config().limits.spool_free_octets_min, paths.spool));
  health.report("deadlines", Weight::warns, deadline_trouble(*queue));
  health.report("event_log", Weight::warns,
                event_log->failing() ? Trouble("the disk does not take events; they wait in memory")
                                     : Trouble());
  health.report("certificate", Weight::warns,
                certificate ? expiry_trouble(*certificate, loop.wall_now()) : Trouble());
  health.report("loops", Weight::warns, loop_trouble());
  health.report("sites", Weight::warns, diagnostician->trouble());
  if (!looking_since) looks.start(look_at_shards());
}

io::Task<void> Relay::Parts::look_at_shards() {
  looking_since = loop.now();
  std::vector<EgressTroubles> troubles;
  for (Shard* shard : shards) {
    std::function<EgressTroubles()> look = [shard, of = shard_config] {
      shard->entrances().tidy();
      return egress_troubles(*of, shard->deliverer(), shard->loop().network());
    };
    troubles.push_back(co_await shard->remote().call<EgressTroubles>(loop, std::move(look)));
  }
  looking_since.reset();
  egress_watch.report(health, troubles);
}

// One that is stuck keeps its sessions and its sites waiting.
std::optional<std::string> Relay::Parts::loop_trouble() const {
  if (!looking_since || loop.now() - *looking_since < loop_patience) return std::nullopt;
  return fmt::format(
      "one of the {} event loops has not answered for {}: a part of the clients and "
      "of the sites waits for it; restart the relay, nothing accepted is lost",
      shards.size(), base::to_human(loop.now() - *looking_since));
}

api::Metrics::Relay Relay::Parts::metrics_of_relay() {
  return {[this] {
            std::vector<std::pair<std::string, bool>> found;
            for (const auto& [name, check] : health.checks())
              found.emplace_back(name, !check.trouble);
            return found;
          },
          [this] { return store->sync_times(); },
          [this] { return std::pair(configured_at, !reload_refused); }};
}

std::optional<std::string> Relay::Parts::spool_trouble() const {
  if (!home_shard().spool().healthy())
    return "a write or sync failed: new mail gets 451 and nothing is sent until a restart; look "
           "after the disk first";
  const std::optional<Duration> busy = store->busy_for();
  if (!busy || *busy < spool_write_patience) return std::nullopt;
  return fmt::format(
      "a write or sync has not ended for {}: no mail gets its reply until it does; "
      "look after the disk at {}",
      base::to_human(*busy), paths.spool);
}

}  // namespace waypost::daemon
