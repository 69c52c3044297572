#include "daemon/queue_control.h"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/pause_json.h"
#include "api/queue_json.h"
#include "base/utf8.h"
#include "daemon/pause_file.h"
#include "daemon/queue_requests.h"
#include "spool/envelope_codec.h"

namespace waypost::daemon {
namespace {

namespace json = boost::json;
using queue::Standing;

// Recipients that are gone through before the answer so far is sent and other work gets its turn.
// A message is not cut in two.
constexpr size_t slice_recipients = 1000;

std::string line(const json::object& object) { return json::serialize(object) + "\n"; }

// Goes through what a list request selects, a slice at a time.
class Listing {
 public:
  using Shown = std::function<std::string(const Standing&)>;

  // `line_of` makes the line of each.
  Listing(const queue::Queue& queue, ListRequest request, Shown line_of)
      : queue_(queue),
        request_(std::move(request)),
        line_of_(std::move(line_of)),
        left_(request_.limit) {}

  // Lines; nothing more comes once it is done.
  std::string next(WallTime now) {
    std::string lines;
    size_t seen = 0;
    auto visit = [&](const Standing& standing) {
      if (standing.id != last_ && seen >= slice_recipients) return false;
      last_ = standing.id;
      ++seen;
      add(standing, now, lines);
      return complete_;
    };
    const std::optional<MessageId> after = last_;
    if (request_.selector.ids.empty()) {
      queue_.visit_standings(visit, after);
      done_ = seen < slice_recipients || !complete_;
    } else {
      visit_named(visit);
    }
    return lines;
  }
  bool done() const { return done_; }
  bool complete() const { return complete_; }

 private:
  template <class Visit>
  void visit_named(const Visit& visit) {
    const auto& ids = request_.selector.ids;
    for (; next_id_ < ids.size(); ++next_id_)
      for (const Standing& standing : queue_.standings(ids[next_id_]))
        if (!visit(standing)) {
          done_ = !complete_;
          return;
        }
    done_ = true;
  }

  void add(const Standing& standing, WallTime now, std::string& lines) {
    const queue::Selector& selector = request_.selector;
    if (selector.selects_something() && !selector.matches(standing, now)) return;
    complete_ = left_ > 0;
    if (!complete_) return;
    --left_;
    lines += line_of_(standing);
  }

  const queue::Queue& queue_;
  ListRequest request_;
  Shown line_of_;
  uint64_t left_;
  std::optional<MessageId> last_;
  size_t next_id_ = 0;
  bool complete_ = true;
  bool done_ = false;
};

}  // namespace

QueueControl::QueueControl(Services services, std::string pause_file)
    : services_(std::move(services)), pause_file_(std::move(pause_file)) {}

std::string QueueControl::restore_pauses() {
  Kept<queue::Pause> kept = load_pauses(services_.disk, pause_file_, services_.loop.wall_now());
  for (queue::Pause& pause : kept.list) services_.queue.pause(std::move(pause));
  return std::move(kept.trouble);
}

void QueueControl::answer_at(ControlServer& server) {
  auto on = [&](const char* command, auto method) {
    server.on(command, [this, method](json::object request, ControlAnswer& answer) {
      return (this->*method)(std::move(request), answer);
    });
  };
  on("queue.ls", &QueueControl::list);
  on("queue.show", &QueueControl::show);
  on("queue.act", &QueueControl::act);
  on("pause", &QueueControl::answer_pause);
  on("resume", &QueueControl::answer_resume);
  on("pauses", &QueueControl::pauses);
  on("ledger", &QueueControl::ledger);
}

std::string QueueControl::end_of_list(bool complete) const {
  return line({{"end", true},
               {"complete", complete},
               {"messages", services_.queue.messages()},
               {"recipients", services_.queue.unsettled_recipients()}});
}

std::string QueueControl::line_of(const Standing& standing) const {
  json::object object = api::to_json(standing);
  std::string diagnosis = services_.diagnosis(standing);
  if (!diagnosis.empty()) object["diagnosis"] = base::to_valid_utf8(diagnosis);
  return line(object);
}

io::Task<void> QueueControl::list(json::object request, ControlAnswer& answer) {
  auto parsed = parse_list_request(request);
  if (!parsed) {
    co_await answer.refuse(parsed.error().message());
    co_return;
  }
  Listing listing(services_.queue, *std::move(parsed),
                  [this](const Standing& standing) { return line_of(standing); });
  while (!listing.done()) {
    std::string lines = listing.next(services_.loop.wall_now());
    bool there = co_await answer.write(std::move(lines));
    if (!there) co_return;
    co_await io::sleep_until(services_.loop, services_.loop.now());
  }
  std::string end = end_of_list(listing.complete());
  co_await answer.write(std::move(end));
}

io::Task<void> QueueControl::show(json::object request, ControlAnswer& answer) {
  auto id = parse_show_request(request);
  if (!id) {
    co_await answer.refuse(id.error().message());
    co_return;
  }
  std::string lines;
  if (auto envelope = services_.queue.envelope(*id)) {
    Result<std::string> encoded = spool::encode(*envelope);
    if (encoded) lines += line({{"id", id->text()}, {"envelope", *encoded}});
  }
  for (const Standing& standing : services_.queue.standings(*id)) lines += line_of(standing);
  lines += end_of_list(true);
  co_await answer.write(std::move(lines));
}

io::Task<void> QueueControl::act(json::object request, ControlAnswer& answer) {
  auto command = parse_act_request(request);
  if (!command) {
    co_await answer.refuse(command.error().message());
    co_return;
  }
  Result<queue::Tally> tally = co_await services_.queue.act(*std::move(command));
  if (!tally) {
    co_await answer.refuse("it could not be written down: " + tally.error().describe());
    co_return;
  }
  json::object object{{"recipients", tally->recipients},
                      {"messages", tally->messages},
                      {"sending", tally->sending},
                      {"paused", tally->paused}};
  co_await answer.write_object(std::move(object));
}

io::Task<Result<void>> QueueControl::pause(queue::Pause pause) {
  const auto& pauses = services_.queue.pauses();
  const bool known = std::any_of(pauses.begin(), pauses.end(), [&](const queue::Pause& other) {
    return other.scope == pause.scope;
  });
  if (!known && pauses.size() >= queue::pauses_max)
    co_return failure(ErrorCode::resource_exhausted,
                      fmt::format("there are {} pauses already", queue::pauses_max));
  services_.told(pause.text());
  services_.queue.pause(std::move(pause));
  Result<void> kept = co_await keep_pauses();
  if (!kept)
    co_return failure(
        std::move(kept).error().while_doing("it is paused now, but a restart will forget it"));
  co_return Result<void>();
}

io::Task<Result<bool>> QueueControl::resume(queue::Scope scope, std::string by) {
  const bool found = services_.queue.resume(scope);
  if (!found) co_return false;
  services_.told(fmt::format("{} is resumed{}", scope.text(), by.empty() ? "" : " by " + by));
  Result<void> kept = co_await keep_pauses();
  if (!kept)
    co_return failure(
        std::move(kept).error().while_doing("it goes on now, but a restart will pause it again"));
  co_return true;
}

io::Task<void> QueueControl::answer_pause(json::object request, ControlAnswer& answer) {
  auto wanted = parse_pause_request(request, services_.loop.wall_now());
  if (!wanted) {
    co_await answer.refuse(wanted.error().message());
    co_return;
  }
  json::object object{{"paused", api::to_json(*wanted)}};
  Result<void> paused = co_await pause(*std::move(wanted));
  if (!paused) {
    co_await answer.refuse(paused.error().describe());
    co_return;
  }
  co_await answer.write_object(std::move(object));
}

io::Task<void> QueueControl::answer_resume(json::object request, ControlAnswer& answer) {
  auto scope = parse_resume_request(request);
  if (!scope) {
    co_await answer.refuse(scope.error().message());
    co_return;
  }
  Result<bool> resumed = co_await resume(*std::move(scope), "the command line");
  if (!resumed) {
    co_await answer.refuse(resumed.error().describe());
    co_return;
  }
  json::object object{{"resumed", *resumed}};
  co_await answer.write_object(std::move(object));
}

io::Task<void> QueueControl::pauses(json::object, ControlAnswer& answer) {
  json::array list;
  for (const queue::Pause& pause : services_.queue.pauses()) list.push_back(api::to_json(pause));
  json::object object{{"pauses", std::move(list)}};
  co_await answer.write_object(std::move(object));
}

io::Task<void> QueueControl::ledger(json::object, ControlAnswer& answer) {
  json::object object = api::to_json(services_.queue.ledger());
  co_await answer.write_object(std::move(object));
}

// The worker writes in the order of the changes, so that the newest is what stays.
io::Task<Result<void>> QueueControl::keep_pauses() {
  std::string octets = encode_pauses(services_.queue.pauses());
  std::function<Result<void>()> work = [&] {
    return save_list(services_.disk, pause_file_, octets);
  };
  co_return co_await io::run_on<Result<void>>(services_.worker, services_.loop, std::move(work));
}

}  // namespace waypost::daemon
