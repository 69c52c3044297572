#include <utility>

#include "daemon/listening_sockets.h"
#include "daemon/relay_parts.h"
#include "daemon/settings.h"

// A new configuration, while mail goes on.
namespace waypost::daemon {

io::Task<ReloadOutcome> Relay::reload() { return parts_->reload(); }

io::Task<ReloadOutcome> Relay::Parts::reload() {
  if (reloading) co_return not_reloaded({"another reload is under way"});
  reloading = true;
  ReloadOutcome outcome = co_await reload_alone();
  applying = false;
  reloading = false;
  co_return outcome;
}

io::Task<ReloadOutcome> Relay::Parts::reload_alone() {
  auto prepared = co_await prepare_aside();
  if (!prepared) co_return not_reloaded(std::move(prepared).error());
  if (stopping) co_return not_reloaded({"the relay is stopping"});
  // From here on a stop waits until all shards are the same again.
  applying = true;
  Refusal refusal = co_await prepare_entrances(prepared->config);
  if (!refusal.empty()) co_return not_reloaded(std::move(refusal));
  ReloadOutcome outcome;
  outcome.done = true;
  outcome.needs_restart = hold_back(config(), prepared->config);
  co_await apply(*std::move(prepared));
  configured_at = loop.wall_now();
  reload_refused = false;
  journal.info("configuration reloaded");
  for (const std::string& key : outcome.needs_restart)
    journal.warning("the change of " + key + " takes a restart; until then the old one holds");
  co_return outcome;
}

ReloadOutcome Relay::Parts::not_reloaded(Refusal problems) {
  reload_refused = true;
  for (const std::string& problem : problems) journal.error("not reloaded: " + problem);
  ReloadOutcome outcome;
  outcome.problems = std::move(problems);
  return outcome;
}

io::Task<tl::expected<Relay::Parts::Prepared, Relay::Parts::Refusal>>
Relay::Parts::prepare_aside() {
  if (!options.load_again)
    co_return tl::unexpected(Refusal{"this relay has no file to read again"});
  using Answer = tl::expected<Prepared, Refusal>;
  std::function<Answer()> work = [this] { return prepare(); };
  co_return co_await io::run_on<Answer>(rules_worker, loop, std::move(work));
}

io::Task<void> Relay::Parts::answer_reload(ControlAnswer& answer) {
  ReloadOutcome outcome = co_await reload();
  std::string line = to_json_line(outcome);
  co_await answer.write(std::move(line));
}

// What a reload does with the keys, and nothing else of it: the file of the configuration may be
// half edited.
io::Task<void> Relay::Parts::reload_signers() {
  while (reloading) co_await io::sleep_until(loop, loop.now() + reload_checked_every);
  if (stopping) co_return;
  reloading = true;
  const domains::SignerSources sources = signer_sources(config(), paths.signing_keys);
  std::function<domains::LoadedSigners()> work = [this, &sources] {
    return domains::load_signers(*disk, sources, signers.get());
  };
  auto loaded = co_await io::run_on<domains::LoadedSigners>(rules_worker, loop, std::move(work));
  applying = !stopping;
  if (applying) {
    use(std::move(loaded));
    reporter->reconfigure(notice_settings(config(), signers));
    const Orders given = orders();
    for (Shard* shard : shards) {
      std::function<void()> use_them = [&] { shard->use(given); };
      co_await shard->remote().call(loop, std::move(use_them));
    }
    journal.info("the keys of the sending domains were read again");
  }
  applying = false;
  reloading = false;
}

// On the reload's own thread: reads nothing of the relay that its loop may change.
tl::expected<Relay::Parts::Prepared, Relay::Parts::Refusal> Relay::Parts::prepare() {
  auto setup = options.load_again();
  if (!setup) return tl::unexpected(std::move(setup).error());
  Prepared prepared;
  auto loaded = load_certificate(setup->config);
  if (!loaded) return tl::unexpected(Refusal{loaded.error().describe()});
  prepared.certificate = *std::move(loaded);
  auto judge = load_token_judge(setup->config, token_services());
  if (!judge) return tl::unexpected(Refusal{judge.error().describe()});
  prepared.tokens = *std::move(judge);
  Result<void> logins = check_logins(setup->config);
  if (!logins) return tl::unexpected(Refusal{logins.error().describe()});
  // Only a reload changes the signers, and there is one at a time.
  prepared.signing = domains::load_signers(*disk, signer_sources(setup->config, paths.signing_keys),
                                           signers.get());
  prepared.knowledge = std::make_shared<Knowledge>(std::move(setup->rules));
  prepared.knowledge->classifier.compile();
  prepared.config = std::move(setup->config);
  Result<void> resolved = resolve_passed(prepared.config, *passed);
  if (!resolved) return tl::unexpected(Refusal{resolved.error().message()});
  return prepared;
}

// All shards open what is new, or none does.
io::Task<Relay::Parts::Refusal> Relay::Parts::prepare_entrances(const Config& next) {
  using Opened = tl::expected<Entrances::Addresses, Entrances::Unopened>;
  std::optional<Entrances::Addresses> of_first;
  std::optional<Entrances::Unopened> failed;
  for (Shard* shard : shards) {
    std::function<Opened()> open = [&] {
      return shard->entrances().prepare(next, shards.size() > 1, of_first ? &*of_first : nullptr);
    };
    auto opened = co_await shard->remote().call<Opened>(loop, std::move(open));
    if (!opened) failed = std::move(opened).error();
    if (failed) break;
    if (!of_first) of_first = *std::move(opened);
  }
  if (!failed) co_return Refusal();
  for (Shard* shard : shards) {
    std::function<void()> drop = [shard] { shard->entrances().drop_prepared(); };
    co_await shard->remote().call(loop, std::move(drop));
  }
  co_return Refusal{
      fmt::format("{}: {} (an address of a listener that goes away becomes free only after the "
                  "reload: restart instead)",
                  failed->listener, failed->error.describe())};
}

io::Task<void> Relay::Parts::apply(Prepared prepared) {
  options.setup.config = std::move(prepared.config);
  shard_config = std::make_shared<const Config>(config());
  certificate = std::move(prepared.certificate);
  if (tokens) tokens->retire();
  tokens = std::move(prepared.tokens);
  health.report("tokens", Health::Weight::warns, std::nullopt);
  use(std::move(prepared.signing));
  delivery = delivery_of_each(shards.size());
  replies.use(prepared.knowledge->classifier);
  knowledge = std::move(prepared.knowledge);
  if (returns_reader) returns_reader->use(rules());
  journal.set_level(config().log.level);
  room->keep_free(config().limits.spool_free_octets_min);
  // First, since the queue asks it where its mail goes now.
  co_await apply_to_shards();
  reporter->reconfigure(notice_settings(config(), signers));
  diagnostician->enable(config().diagnosis.enabled);
  suppressor->reconfigure(config().suppressions.mode != config::SuppressionMode::off);
  queue->reconfigure(queue_settings(config()));
  warn_of_unused_sockets();
  check_health();
}

io::Task<void> Relay::Parts::apply_to_shards() {
  const Orders given = orders();
  for (size_t i = 0; i < shards.size(); ++i) {
    std::vector<std::string> news;
    std::function<void()> use = [&] {
      shards[i]->use(given);
      news = shards[i]->entrances().apply(*given.config, given.certificate);
    };
    co_await shards[i]->remote().call(loop, std::move(use));
    // The others listen at the same addresses.
    if (i > 0) continue;
    for (const std::string& line : news) journal.info(line);
  }
  carriers->forget_idle(config().delivery.idle_connection);
}

}  // namespace waypost::daemon
