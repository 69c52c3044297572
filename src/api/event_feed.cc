#include "api/event_feed.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "api/problems.h"

namespace waypost::api {
namespace {

constexpr size_t kept_max = 5000;
constexpr uint64_t kept_octets_max = 32 << 20;
constexpr size_t lines_octets = 64 * 1024;
constexpr size_t event_octets_max = 256 * 1024;  // one with a thousand recipients has less
constexpr Duration looked_every = std::chrono::milliseconds(100);
constexpr Duration key_asked_every = std::chrono::seconds(1);
constexpr Duration heartbeat_every = std::chrono::seconds(15);

// About what it takes in memory.
uint64_t octets_of(const events::Event& event) {
  uint64_t octets = sizeof(event) + event.reply.size() + event.sender.size() +
                    event.message_id.size() + event.cause.reply_class.size() +
                    event.steps.size() * sizeof(events::Step);
  for (const std::string& recipient : event.recipients)
    octets += sizeof(recipient) + recipient.size();
  for (const std::string& tag : event.tags) octets += sizeof(tag) + tag.size();
  for (const auto& [name, value] : event.metadata)
    octets += 2 * sizeof(value) + name.size() + value.size();
  return octets;
}

// Counts a listener for as long as its connection is there.
class Listener {
 public:
  explicit Listener(size_t& all) : all_(all) { ++all_; }
  ~Listener() { --all_; }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  size_t& all_;
};

}  // namespace

EventFeed::EventFeed(io::Loop& loop, Holds holds)
    : loop_(loop), holds_(std::move(holds)), run_(fmt::format("{:016x}", loop.rng().next())) {}

void EventFeed::add_to(web::Router& router, Access& access) {
  router.on("GET", "/v1/events", access.route(records::Scope::read, [this](web::Request request) {
    return listen(std::move(request));
  }));
}

void EventFeed::heard(const events::Event& event) {
  auto kept = std::make_shared<events::Event>(event);
  kept->transcript.reset();
  kept_octets_ += octets_of(*kept);
  kept_.push_back(std::move(kept));
  while (kept_.size() > kept_max || kept_octets_ > kept_octets_max) {
    kept_octets_ -= octets_of(*kept_.front());
    kept_.pop_front();
    ++first_;
  }
}

uint64_t EventFeed::next_after(std::string_view last_id) const {
  const uint64_t newest = first_ + kept_.size();
  if (last_id.empty()) return newest;
  const size_t sign = last_id.find('-');
  uint64_t number = 0;
  const char* end = last_id.data() + last_id.size();
  const bool is_number =
      sign != last_id.npos && std::from_chars(last_id.data() + sign + 1, end, number).ptr == end;
  // From another run: all that this one still has is new.
  if (!is_number || last_id.substr(0, sign) != run_) return 0;
  return std::min(number + 1, newest);
}

io::Task<web::Response> EventFeed::listen(web::Request request) {
  if (closed_ || listeners_ >= listeners_max) {
    web::Response later =
        refuse(Problem::too_many_listeners,
               fmt::format("{} clients follow the events already.", listeners_max));
    later.fields.emplace_back("Retry-After", "5");
    co_return later;
  }
  web::Response response;
  response.content_type = "text/event-stream";
  const Caller caller = Access::caller_of(request);
  const uint64_t next = next_after(request.field("last-event-id"));
  response.stream = [this, caller, next](web::BodyStream& to) { return tell(caller, next, to); };
  co_return response;
}

std::string EventFeed::lines_from(const records::Key& key, uint64_t& next) const {
  std::string lines;
  if (next < first_) {
    // Zero is the start of this run, of which nothing may be lost.
    const uint64_t missed = next == 0 ? first_ - 1 : first_ - next;
    lines = fmt::format("event: gap\nid: {}-{}\ndata: {{\"missed\":{},\"restarted\":{}}}\n\n", run_,
                        first_ - 1, missed, next == 0);
    next = first_;
  }
  for (; next < first_ + kept_.size() && lines.size() < lines_octets; ++next) {
    const events::Event& event = *kept_[next - first_];
    if (!Access::may_see(key, event.tenant)) continue;
    const std::string json = events::to_json_line(event);
    if (json.size() > event_octets_max) continue;
    lines += fmt::format("event: {}\nid: {}-{}\ndata: {}\n\n", events::name(event.kind), run_, next,
                         json);
  }
  return lines;
}

io::Task<void> EventFeed::tell(Caller caller, uint64_t next, web::BodyStream& to) {
  Listener listener(listeners_);
  std::string lines = "retry: 2000\n\n";
  Instant said = loop_.now();
  Instant asked = loop_.now();
  while (!closed_) {
    if (loop_.now() - asked >= key_asked_every) {
      const bool holds = co_await holds_(caller);
      if (!holds) co_return;
      asked = loop_.now();
    }
    lines += lines_from(*caller.key, next);
    if (lines.empty() && loop_.now() - said >= heartbeat_every) lines = ": still here\n\n";
    if (!lines.empty()) {
      Result<void> written = co_await to.write(std::exchange(lines, {}));
      if (!written) co_return;
      said = loop_.now();
    }
    if (next < first_ + kept_.size()) continue;
    Result<void> waited = co_await to.wait_until(loop_.now() + looked_every);
    if (!waited) co_return;
  }
}

}  // namespace waypost::api
