#include "daemon/site_control.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <unistd.h>

#include <boost/json.hpp>

#include "api/queue_json.h"

namespace waypost::daemon {
namespace {

namespace json = boost::json;
using queue::Hold;
using queue::SiteView;
using queue::Standing;

// Recipients that are counted before other work gets its turn.
constexpr size_t slice_recipients = 1000;
constexpr size_t lines_octets = 256 << 10;
constexpr size_t holds = size_t(Hold::stopping) + 1;

// What only a walk through the whole queue tells of a site.
struct SiteCount {
  std::array<uint64_t, holds> by_hold{};
  WallTime oldest = WallTime::max();
  std::optional<Standing> next;  // of those that wait for a time, the first
};

void add_count(json::object& object, const SiteCount& count) {
  json::object by_hold;
  for (size_t i = 0; i < holds; ++i)
    if (count.by_hold[i] > 0) by_hold[queue::name(Hold(i))] = count.by_hold[i];
  object["holds"] = std::move(by_hold);
  if (count.oldest != WallTime::max()) object["oldest_at"] = base::to_rfc3339(count.oldest);
  if (count.next && !object.contains("hold")) api::add_hold(object, *count.next);
}

class Counting {
 public:
  explicit Counting(const queue::Queue& queue) : queue_(queue) {}

  // Whether there is more to count.
  bool go_on() {
    size_t seen = 0;
    const std::optional<MessageId> after = last_;
    queue_.visit_standings(
        [&](const Standing& standing) {
          if (standing.id != last_ && seen >= slice_recipients) return false;
          last_ = standing.id;
          ++seen;
          add(standing);
          return true;
        },
        after);
    return seen >= slice_recipients;
  }
  std::map<std::string, SiteCount> take() { return std::move(counts_); }

 private:
  void add(const Standing& standing) {
    SiteCount& count = counts_[standing.site];
    ++count.by_hold[size_t(standing.hold)];
    if (standing.hold != Hold::scheduled)
      count.oldest = std::min(count.oldest, standing.accepted_at);
    if (standing.hold == Hold::deferred &&
        (!count.next || standing.next_attempt_at < count.next->next_attempt_at))
      count.next = standing;
  }

  const queue::Queue& queue_;
  std::optional<MessageId> last_;
  std::map<std::string, SiteCount> counts_;
};

// From the second field of /proc/self/statm; 0 where that cannot be read.
uint64_t resident_octets(io::Disk& disk) {
  auto text = disk.read_range("/proc/self/statm", 0, 256);
  if (!text) return 0;
  size_t begin = text->find(' ');
  if (begin == std::string::npos) return 0;
  uint64_t pages = 0;
  std::from_chars(text->data() + begin + 1, text->data() + text->size(), pages);
  return pages * uint64_t(std::max(0L, ::sysconf(_SC_PAGESIZE)));
}

}  // namespace

void SiteControl::answer_at(ControlServer& server) {
  server.on("sites", [this](json::object request, ControlAnswer& to) {
    return answer(std::move(request), to);
  });
}

json::object SiteControl::summary() const {
  const queue::PlaceCounts places = queue_.places();
  const queue::Ledger& ledger = queue_.ledger();
  json::object object{{"end", true},
                      {"messages", queue_.messages()},
                      {"queued", ledger.queued},
                      {"resolving", places.resolving},
                      {"ready", places.ready},
                      {"deferred", places.deferred},
                      {"scheduled", places.scheduled},
                      {"paused", places.paused},
                      {"other", places.other},
                      {"accepted", ledger.accepted},
                      {"delivered", ledger.delivered},
                      {"bounced", ledger.bounced},
                      {"expired", ledger.expired},
                      {"memory", resident_octets(disk_)}};
  if (auto free = disk_.free_octets(spool_)) object["disk_free"] = *free;
  return object;
}

io::Task<void> SiteControl::answer(json::object request, ControlAnswer& answer) {
  const json::value* wanted = request.if_contains("counts");
  const bool counts_wanted = wanted && wanted->is_bool() && wanted->get_bool();
  std::map<std::string, SiteCount> counts;
  if (counts_wanted) {
    Counting counting(queue_);
    while (counting.go_on()) co_await io::sleep_until(loop_, loop_.now());
    counts = counting.take();
  }
  std::vector<std::string> pieces(1);
  auto add = [&](json::object object) {
    if (pieces.back().size() > lines_octets) pieces.emplace_back();
    pieces.back() += json::serialize(object) + "\n";
  };
  queue_.visit_sites([&](const SiteView& site) {
    json::object object = api::to_json(site);
    if (auto count = counts.extract(site.name)) add_count(object, count.mapped());
    add(std::move(object));
  });
  // Mail whose site is not known yet, or that has moved on since it was counted.
  for (const auto& [site, count] : counts) {
    uint64_t queued = 0;
    for (uint64_t recipients : count.by_hold) queued += recipients;
    json::object object{{"site", site}, {"queued", queued}};
    add_count(object, count);
    add(std::move(object));
  }
  add(summary());
  for (std::string& piece : pieces) {
    bool there = co_await answer.write(std::move(piece));
    if (!there) co_return;
  }
}

}  // namespace waypost::daemon
