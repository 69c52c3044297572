// How many events a second one core brings from the event log into the records, and how fast the
// records answer.
//
//     waypost-bench-records FOLDER [MESSAGES]     the folder is made and must be new
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>

#include "base/message_id.h"
#include "io/clock.h"
#include "io/disk.h"
#include "io/rng.h"
#include "records/event_writer.h"
#include "records/feeder.h"
#include "records/ledger.h"
#include "records/search.h"

namespace {

using namespace waypost;
using Clock = std::chrono::steady_clock;

constexpr uint64_t batch_messages = 1000;

struct Took {
  double wall_s = 0;
  double cpu_s = 0;
};

Took measure(const std::function<void()>& work) {
  auto start = Clock::now();
  std::clock_t cpu_start = std::clock();
  work();
  return {std::chrono::duration<double>(Clock::now() - start).count(),
          double(std::clock() - cpu_start) / CLOCKS_PER_SEC};
}

template <class T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "%s\n", result.error().describe().c_str());
  std::exit(2);
}
void must(Result<void> result) {
  if (result) return;
  std::fprintf(stderr, "%s\n", result.error().describe().c_str());
  std::exit(2);
}

// The n-th message of an hour, the same in each run.
events::Event accepted(uint64_t n, WallTime at) {
  std::array<uint8_t, 10> random{};
  io::SeededRng rng(n);
  rng.fill(random);
  events::Event event;
  event.kind = events::EventKind::accepted;
  event.at = at;
  event.message = MessageId::make(at, random);
  event.tenant = "shop";
  event.stream = "transactional";
  event.tags = {"receipt"};
  event.sender = "orders@shop.example";
  event.recipients = {"user" + std::to_string(n * 7919 % 1'000'003) + "@mail" +
                      std::to_string(n % 200) + ".example"};
  event.login = "shop-backend";
  event.client = "192.0.2.7:50122";
  event.message_id = "<" + std::to_string(n * 104'729 % 1'000'000'007) + "@shop.example>";
  event.size_octets = 10'240;
  event.session = "s" + std::to_string(n / 50);
  event.transaction = static_cast<uint32_t>(n % 50 + 1);
  return event;
}

events::Event delivered(const events::Event& start, uint64_t n) {
  events::Event event;
  event.kind = events::EventKind::delivered;
  event.at = start.at + std::chrono::milliseconds(900);
  event.message = start.message;
  event.tenant = start.tenant;
  event.stream = start.stream;
  event.tags = start.tags;
  event.sender = start.sender;
  event.recipients = start.recipients;
  event.attempt = 1;
  event.site = "mx" + std::to_string(n % 200) + ".example";
  event.peer = {event.site, "192.0.2.25:25", "TLSv1.3 TLS_AES_256_GCM_SHA384", "valid"};
  event.phase = events::Phase::content;
  event.reply = "250 2.0.0 Ok: queued as " + std::to_string(n * 31);
  event.took = std::chrono::milliseconds(512);
  event.since_accepted = std::chrono::milliseconds(900);
  return event;
}

WallTime time_of(WallTime start, uint64_t n, uint64_t messages) {
  return start + std::chrono::microseconds(n * 3'600'000'000 / messages);
}

void write_log(io::Disk& disk, const std::string& folder, WallTime start, uint64_t messages) {
  io::SystemClock clock;
  auto writer = must(records::EventWriter::open(disk, clock, {folder, 256ULL << 20, 1000}));
  for (uint64_t n = 0; n < messages; ++n) {
    events::Event event = accepted(n, time_of(start, n, messages));
    writer->add(event);
    writer->add(delivered(event, n));
    if (n % batch_messages == 0) must(writer->write());
  }
  must(writer->write());
}

void time_search(io::Disk& disk, const records::RecordPlaces& places, const char* what,
                 const records::Search& wanted) {
  size_t found = 0;
  Took took = measure([&] { found = must(records::search(disk, places, wanted)).messages.size(); });
  std::printf("  by %-12s %4zu messages in %7.1f ms\n", what, found, took.wall_s * 1000);
}

void time_searches(io::Disk& disk, const records::RecordPlaces& places, const events::Event& one) {
  time_search(disk, places, "id", {.message = one.message});
  time_search(disk, places, "address", {.address = one.recipients.front()});
  time_search(disk, places, "sender", {.address = one.sender});
  time_search(disk, places, "Message-ID", {.message_id = one.message_id});
  time_search(disk, places, "session", {.session = one.session});
  time_search(disk, places, "domain", {.domain = "mail7.example"});
  Took took = measure([&] { must(records::read_ledger(disk, places)); });
  std::printf("  ledger in %.1f ms\n", took.wall_s * 1000);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s FOLDER [MESSAGES]\n", argv[0]);
    return 64;
  }
  std::string folder = argv[1];
  uint64_t messages = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 500'000;
  auto disk = io::make_system_disk();
  must(disk->make_folders(folder, 0700));
  records::RecordPlaces places{folder, folder + "/events"};
  WallTime now = io::SystemClock().wall_now();
  WallTime start = WallTime(records::day_of(now)) + std::chrono::hours(1);
  Took writing = measure([&] { write_log(*disk, places.events_folder, start, messages); });
  records::FeederOptions options{places.folder, places.events_folder, std::chrono::hours(48)};
  records::LogPosition end = must(records::end_of_log(*disk, places.events_folder));
  records::Feeder feeder(*disk, options, end,
                         [](const std::string& line) { std::puts(line.c_str()); });
  Took feeding = measure([&] {
    while (must(feeder.step(now))) continue;
  });
  double events = 2.0 * double(messages);
  std::printf("%.0f events; writing the log: %.0f events/s\n", events, events / writing.cpu_s);
  std::printf("into the records: %.0f events/s, %.1f us of CPU each, %.0f s in all\n",
              events / feeding.wall_s, feeding.cpu_s / events * 1e6, feeding.wall_s);
  time_searches(*disk, places, accepted(messages / 3, time_of(start, messages / 3, messages)));
  return 0;
}
