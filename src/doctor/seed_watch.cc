#include "doctor/seed_watch.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "doctor/name_questions.h"
#include "io/task_group.h"
#include "sasl/base64.h"

namespace waypost::doctor {
namespace {

constexpr Duration open_patience = std::chrono::seconds(30);
constexpr Duration look_patience = std::chrono::seconds(60);
constexpr Duration close_patience = std::chrono::seconds(1);
// How long between two looks: what arrives at once is timed to a second.
constexpr Duration first_pause = std::chrono::seconds(1);
constexpr Duration longest_pause = std::chrono::seconds(10);

// One mailbox with the thread on which it blocks.
class Opened {
 public:
  Opened(io::Loop& loop, std::unique_ptr<seeds::Mailbox> mailbox)
      : loop_(loop), mailbox_(std::move(mailbox)) {}
  // Nothing waits for the server any more. Not while a look runs: the thread's work stands in the
  // frames of the walk, which goes to its end.
  ~Opened() { mailbox_->cancel(); }

  io::Task<Result<void>> open() {
    std::function<Result<void>()> work = [this, until = loop_.now() + open_patience] {
      return mailbox_->open(until);
    };
    co_return co_await io::run_on(worker_, loop_, std::move(work));
  }
  const std::vector<Secret>& written_secrets() const { return mailbox_->written_secrets(); }
  io::Task<Result<std::optional<seeds::Sighting>>> look(std::string token) {
    std::function<Result<std::optional<seeds::Sighting>>()> work =
        [this, token, until = loop_.now() + look_patience] { return mailbox_->look(token, until); };
    co_return co_await io::run_on(worker_, loop_, std::move(work));
  }
  io::Task<bool> close() {
    std::function<bool()> work = [this, until = loop_.now() + close_patience] {
      mailbox_->close(until);
      return true;
    };
    co_return co_await io::run_on(worker_, loop_, std::move(work));
  }

 private:
  io::Loop& loop_;
  std::unique_ptr<seeds::Mailbox> mailbox_;
  io::Worker worker_{"seed"};
};

}  // namespace

SeedWatch::SeedWatch(Context& context, Request& request, const Session& session)
    : context_(context), wait_{request.seeds.wait, request.seeds.slow_after} {
  for (seeds::Seed& seed : request.seeds.all) {
    auto sent =
        std::find_if(session.sent.begin(), session.sent.end(),
                     [&seed](const SentMessage& one) { return one.recipient == seed.address; });
    if (sent == session.sent.end()) continue;
    withhold(seed);
    SeedResult seen;
    seen.id = seed.id;
    seen.address = seed.address;
    watched_.push_back({std::move(seed), *sent, std::move(seen)});
  }
}

// What a server may repeat of a login.
void SeedWatch::withhold(const seeds::Seed& seed) {
  const std::string& password = seed.password.reveal();
  context_.evidence.withhold(password);
  std::string plain = fmt::format("{0}{1}{0}{2}", '\0', seed.user, password);
  for (std::string encoded : {sasl::base64_encode(password), sasl::base64_encode(plain)}) {
    context_.evidence.withhold_encoded(encoded);
    Secret::wipe(encoded);
  }
  Secret::wipe(plain);
}

io::Task<std::vector<IpAddress>> SeedWatch::addresses_of(std::string host) {
  std::vector<IpAddress> found;
  if (auto address = IpAddress::parse(host)) {
    found.push_back(*address);
    co_return found;
  }
  Both both = co_await look_up(context_, std::move(host), Family::both);
  found = both.all();
  co_return found;
}

io::Task<void> SeedWatch::watch(Watched& one) {
  std::vector<IpAddress> addresses = co_await addresses_of(one.seed.host);
  if (addresses.empty()) {
    one.error = Error(ErrorCode::dns, one.seed.host + " has no address");
    co_return;
  }
  ++context_.effects.mailboxes;
  const std::string place = fmt::format("{}:{}", one.seed.host, one.seed.port);
  one.authserv_id = one.seed.authserv_id;
  Opened mailbox(context_.loop, context_.make_mailbox(std::move(one.seed), std::move(addresses)));
  Result<void> opened = co_await mailbox.open();
  for (const Secret& line : mailbox.written_secrets())
    context_.evidence.withhold_encoded(line.reveal());
  if (!opened) {
    one.error = std::move(opened).error();
    co_return;
  }
  context_.evidence.note(fmt::format("seed {}: logged in at {}", one.seen.id, place));
  const Instant end = one.sent.taken + wait_.wait;
  Instant not_before = one.sent.taken;
  Duration pause = first_pause;
  while (true) {
    const Instant began = context_.loop.now();
    auto looked = co_await mailbox.look(one.sent.token);
    if (!looked) {
      one.error = std::move(looked).error();
      co_return;
    }
    const Instant now = context_.loop.now();
    one.sighting = *std::move(looked);
    if (one.sighting) {
      one.seen.after_least = not_before - one.sent.taken;
      one.seen.after_most = now - one.sent.taken;
      break;
    }
    if (began >= end) break;
    not_before = began;
    co_await io::sleep_until(context_.loop, std::min(now + pause, std::max(now, end)));
    pause = std::min(pause * 2, longest_pause);
  }
  co_await mailbox.close();
}

io::Task<void> SeedWatch::run() {
  io::TaskGroup group;
  for (Watched& one : watched_) group.start(watch(one));
  co_await group.join();
}

// The header is judged as it is: a short password may be a word that it is read by.
void SeedWatch::judge_found(const Watched& one, SeedResult& seen, RungResult& result) const {
  auto hide = [this](std::string& text) {
    text = context_.evidence.without_secrets(std::move(text));
  };
  seeds::Sighting sighting = *one.sighting;
  hide(sighting.folder);
  hide(sighting.remark);
  for (std::string& label : sighting.labels) hide(label);
  const size_t known = result.findings.size();
  judge_sighting(sighting, one.authserv_id, wait_, seen, result);
  hide(seen.authserv_id);
  for (size_t i = known; i < result.findings.size(); ++i) {
    Finding& finding = result.findings[i];
    hide(finding.observed);
    hide(finding.parameters["seen"]);
    for (std::string& note : finding.notes) hide(note);
  }
}

void SeedWatch::judge(RungResult& result) const {
  for (const Watched& one : watched_) {
    SeedResult seen = one.seen;
    if (one.sighting) {
      judge_found(one, seen, result);
    } else if (one.error) {
      const std::string words = context_.evidence.without_secrets(one.error->message());
      judge_closed_seed(*one.error, words, seen, result);
    } else {
      judge_absence(wait_, seen, result);
    }
    context_.evidence.note("seed " + seen.line());
    result.seeds.push_back(std::move(seen));
  }
}

}  // namespace waypost::doctor
