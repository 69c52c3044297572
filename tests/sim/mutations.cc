#include "tests/sim/mutations.h"

#include <array>

namespace waypost::sim {
namespace {

struct NamedMutation {
  Mutation mutation;
  std::string_view name;
};

constexpr std::array<NamedMutation, 25> named{{
    {Mutation::acknowledge_before_sync, "acknowledge-before-sync"},
    {Mutation::forget_commit, "forget-commit"},
    {Mutation::forget_outcome, "forget-outcome"},
    {Mutation::forget_retry, "forget-retry"},
    {Mutation::deliver_twice, "deliver-twice"},
    {Mutation::bounce_delivered, "bounce-delivered"},
    {Mutation::damage_content, "damage-content"},
    {Mutation::exceed_connections, "exceed-connections"},
    {Mutation::exceed_rate, "exceed-rate"},
    {Mutation::exceed_quota, "exceed-quota"},
    {Mutation::exceed_new_connections, "exceed-new-connections"},
    {Mutation::forget_quota, "forget-quota"},
    {Mutation::drop_event, "drop-event"},
    {Mutation::forget_notice, "forget-notice"},
    {Mutation::repeat_notice, "repeat-notice"},
    {Mutation::answer_nobody, "answer-nobody"},
    {Mutation::forget_hold, "forget-hold"},
    {Mutation::forget_cancel, "forget-cancel"},
    {Mutation::forget_schedule, "forget-schedule"},
    {Mutation::forget_pause, "forget-pause"},
    {Mutation::forget_expiry, "forget-expiry"},
    {Mutation::ignore_streams, "ignore-streams"},
    {Mutation::ignore_deadlines, "ignore-deadlines"},
    {Mutation::forget_suppressions, "forget-suppressions"},
    {Mutation::miscount, "miscount"},
}};

// How often "now and then" is.
constexpr double share = 0.1;

class MutatedSpool final : public spool::Spool {
 public:
  MutatedSpool(spool::Spool& real, Mutation mutation, io::Rng& rng, const bool& cancelling)
      : real_(real), mutation_(mutation), rng_(rng), cancelling_(cancelling) {}

  io::Task<Result<void>> write_chunk(MessageId id, spool::Chunk chunk) override {
    return real_.write_chunk(id, std::move(chunk));
  }
  io::Task<Result<void>> commit(spool::Envelope envelope,
                                std::vector<spool::Chunk> last_chunks) override {
    if (strikes(Mutation::forget_commit)) co_return Result<void>();
    co_return co_await real_.commit(std::move(envelope), std::move(last_chunks));
  }
  void discard(MessageId id) override { real_.discard(id); }
  io::Task<Result<void>> update(MessageId id, std::vector<spool::RecipientChange> changes,
                                spool::Durability durability) override {
    if (strikes(Mutation::forget_outcome)) co_return Result<void>();
    if (cancelling_ && mutation_ == Mutation::forget_cancel) co_return Result<void>();
    for (spool::RecipientChange& change : changes) {
      if (mutation_ == Mutation::forget_hold) change.progress.held = false;
      if (mutation_ == Mutation::forget_schedule) change.progress.scheduled_at = {};
    }
    co_return co_await real_.update(id, std::move(changes), durability);
  }
  io::Task<Result<void>> remove(spool::Envelope envelope, spool::Durability durability) override {
    if (strikes(Mutation::forget_outcome)) co_return Result<void>();
    if (cancelling_ && mutation_ == Mutation::forget_cancel) co_return Result<void>();
    co_return co_await real_.remove(std::move(envelope), durability);
  }
  io::Task<Result<std::string>> read_chunk(MessageId id, uint32_t index) override {
    auto chunk = co_await real_.read_chunk(id, index);
    // Chunk 0 holds the relay's own fields, in which a change would not be noticed.
    if (chunk && index > 0 && !chunk->empty() && strikes(Mutation::damage_content))
      chunk->back() = static_cast<char>(chunk->back() ^ 0x20);
    co_return chunk;
  }
  Result<void> recover(const std::function<void(spool::StoredMessage)>& found,
                       const std::function<void(MessageId, Error)>& damaged) override {
    return real_.recover(found, damaged);
  }
  bool healthy() const override { return real_.healthy(); }

 private:
  bool strikes(Mutation mutation) { return mutation_ == mutation && rng_.uniform() < share; }
  spool::Spool& real_;
  Mutation mutation_;
  io::Rng& rng_;
  const bool& cancelling_;
};

class MutatedCourier final : public queue::Courier {
 public:
  MutatedCourier(queue::Courier& real, Mutation mutation, io::Loop& loop)
      : real_(real), mutation_(mutation), loop_(loop) {}

  std::optional<shaping::MailHost> known_mail_host(const std::string& domain) override {
    return real_.known_mail_host(domain);
  }
  io::Task<tl::expected<shaping::MailHost, events::Outcome>> find_mail_host(
      std::string domain) override {
    return real_.find_mail_host(std::move(domain));
  }
  bool go_together(const std::string& one, const std::string& other) const override {
    return real_.go_together(one, other);
  }
  unsigned idle_connections(const std::string& site) const override {
    return real_.idle_connections(site);
  }
  io::Task<void> attempt(queue::Assignment assignment) override {
    if (strikes(Mutation::deliver_twice)) {
      queue::Assignment first = assignment;
      first.settle = [](std::vector<events::Outcome>) { return nothing(); };
      co_await real_.attempt(std::move(first));
    }
    auto settle = std::move(assignment.settle);
    assignment.settle = [this, settle](std::vector<events::Outcome> outcomes) {
      return distort(settle, std::move(outcomes));
    };
    co_await real_.attempt(std::move(assignment));
  }

 private:
  using Settle = std::function<io::Task<void>(std::vector<events::Outcome>)>;
  static io::Task<void> nothing() { co_return; }
  io::Task<void> distort(Settle settle, std::vector<events::Outcome> outcomes) {
    events::Verdict& verdict = outcomes.front().verdict;
    if (verdict == events::Verdict::deferred && strikes(Mutation::forget_retry))
      co_await io::sleep_until(loop_, Instant::max());
    if (verdict == events::Verdict::delivered && strikes(Mutation::bounce_delivered))
      verdict = events::Verdict::bounced;
    co_await settle(std::move(outcomes));
  }

  bool strikes(Mutation mutation) { return mutation_ == mutation && loop_.rng().uniform() < share; }
  queue::Courier& real_;
  Mutation mutation_;
  io::Loop& loop_;
};

class MutatedNotifier final : public queue::Notifier {
 public:
  MutatedNotifier(queue::Notifier& real, Mutation mutation, io::Rng& rng)
      : real_(real), mutation_(mutation), rng_(rng) {}

  io::Task<Result<void>> notify(queue::Notice notice) override {
    if (strikes(Mutation::forget_notice)) co_return Result<void>();
    if (strikes(Mutation::repeat_notice)) {
      queue::Notice first = notice;
      Result<void> told = co_await real_.notify(std::move(first));
      if (!told) co_return told;
    }
    co_return co_await real_.notify(std::move(notice));
  }

 private:
  bool strikes(Mutation mutation) { return mutation_ == mutation && rng_.uniform() < share; }
  queue::Notifier& real_;
  Mutation mutation_;
  io::Rng& rng_;
};

class MutatedSink final : public events::Sink {
 public:
  MutatedSink(events::Sink& real, Mutation mutation, io::Rng& rng)
      : real_(real), mutation_(mutation), rng_(rng) {}

  void emit(events::Event event) override {
    bool is_outcome = event.kind == events::EventKind::delivered;
    if (is_outcome && mutation_ == Mutation::drop_event && rng_.uniform() < share) return;
    real_.emit(std::move(event));
  }

 private:
  events::Sink& real_;
  Mutation mutation_;
  io::Rng& rng_;
};

}  // namespace

std::string_view name(Mutation mutation) {
  for (const NamedMutation& one : named)
    if (one.mutation == mutation) return one.name;
  return "none";
}

std::optional<Mutation> parse_mutation(std::string_view name) {
  for (const NamedMutation& one : named)
    if (one.name == name) return one.mutation;
  return std::nullopt;
}

std::vector<std::string> mutation_names() {
  std::vector<std::string> names;
  for (const NamedMutation& one : named) names.emplace_back(one.name);
  return names;
}

std::unique_ptr<spool::Spool> mutate(spool::Spool& spool, Mutation mutation, io::Rng& rng,
                                     const bool& cancelling) {
  return std::make_unique<MutatedSpool>(spool, mutation, rng, cancelling);
}
std::unique_ptr<queue::Courier> mutate(queue::Courier& courier, Mutation mutation, io::Loop& loop) {
  return std::make_unique<MutatedCourier>(courier, mutation, loop);
}
std::unique_ptr<queue::Notifier> mutate(queue::Notifier& notifier, Mutation mutation,
                                        io::Rng& rng) {
  return std::make_unique<MutatedNotifier>(notifier, mutation, rng);
}
spool::Envelope mutate(spool::Envelope envelope, Mutation mutation) {
  if (mutation == Mutation::answer_nobody && !envelope.sender)
    envelope.sender = smtp::Mailbox{"client0", "client.sim.example"};
  if (mutation == Mutation::forget_expiry)
    envelope.expires_at += std::chrono::duration_cast<WallTime::duration>(std::chrono::days(30));
  if (mutation == Mutation::ignore_deadlines) envelope.has_deadline = false;
  return envelope;
}
queue::Ledger mutate(queue::Ledger ledger, Mutation mutation) {
  if (mutation == Mutation::miscount && ledger.accepted > 0) --ledger.accepted;
  return ledger;
}
std::unique_ptr<events::Sink> mutate(events::Sink& sink, Mutation mutation, io::Rng& rng) {
  return std::make_unique<MutatedSink>(sink, mutation, rng);
}

shaping::SiteLimits mutate(shaping::SiteLimits limits, Mutation mutation) {
  if (mutation == Mutation::exceed_connections) limits.connections.value *= 2;
  if (mutation == Mutation::exceed_rate) limits.messages_per_second.value = 0;
  if (mutation == Mutation::exceed_quota) limits.messages_per_hour.value = 0;
  if (mutation == Mutation::exceed_quota) limits.messages_per_day.value = 0;
  if (mutation == Mutation::exceed_new_connections) limits.connections_per_minute.value = 0;
  return limits;
}
shaping::StreamTable mutate(shaping::StreamTable streams, Mutation mutation) {
  return mutation == Mutation::ignore_streams ? shaping::StreamTable() : std::move(streams);
}

}  // namespace waypost::sim
