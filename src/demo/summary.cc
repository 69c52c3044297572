#include "demo/summary.h"

#include <algorithm>

#include <fmt/format.h>

namespace waypost::demo {
namespace {

Duration percentile(std::vector<Duration> times, double share) {
  if (times.empty()) return Duration(0);
  auto index = static_cast<size_t>(share * static_cast<double>(times.size() - 1));
  std::nth_element(times.begin(), times.begin() + static_cast<ptrdiff_t>(index), times.end());
  return times[index];
}

}  // namespace

Summary::Summary(std::span<const Persona> personas) {
  for (const Persona& persona : personas) {
    Row row;
    row.name = persona.name;
    row.domain = persona.domain;
    rows_.push_back(std::move(row));
  }
}

Summary::Row* Summary::row_of(const std::string& address) {
  for (Row& row : rows_)
    if (address.ends_with("@" + row.domain)) return &row;
  return nullptr;
}

void Summary::add(const events::Event& event) {
  for (const std::string& recipient : event.recipients)
    if (Row* row = row_of(recipient)) count(*row, event);
}

// A recipient whose acceptance was not seen has not waited here.
void Summary::settle(Row& row) {
  if (row.waiting > 0) --row.waiting;
}

void Summary::count(Row& row, const events::Event& event) {
  using events::EventKind;
  switch (event.kind) {
    case EventKind::accepted:
      ++row.accepted;
      ++row.waiting;
      break;
    case EventKind::delivered:
      ++row.delivered;
      settle(row);
      row.times.push_back(event.since_accepted);
      if (event.attempt > interesting_attempts_) {
        interesting_attempts_ = event.attempt;
        interesting_ = event.message;
      }
      break;
    case EventKind::deferred:
      ++row.deferrals;
      break;
    case EventKind::bounced:
    case EventKind::expired:
      ++row.bounced;
      settle(row);
      fail(row, event);
      break;
    case EventKind::late_bounced:
    case EventKind::complained:
      ++row.came_back;
      fail(row, event);
      break;
    case EventKind::suppressed:
    case EventKind::cancelled:
      settle(row);
      break;
    default:
      break;
  }
}

void Summary::fail(const Row& row, const events::Event& event) {
  // What was said last before we gave up, if anything was, depends on the moment.
  const bool gave_up = event.kind == events::EventKind::expired;
  ++failures_[{std::string(name(event.kind)), row.name,
               gave_up ? "expired" : event.cause.reply_class}];
}

std::string Summary::line(const Row& row) {
  bool timed = !row.times.empty();
  return fmt::format("{:<12}{:>10}{:>11}{:>11}{:>9}{:>9}{:>11}{:>12}{:>12}\n", row.name,
                     row.accepted, row.delivered, row.deferrals, row.bounced, row.waiting,
                     row.came_back, timed ? base::to_human(percentile(row.times, 0.5)) : "-",
                     timed ? base::to_human(percentile(row.times, 0.95)) : "-");
}

Summary::Row Summary::total() const {
  Row sum;
  sum.name = "All";
  for (const Row& row : rows_) {
    sum.accepted += row.accepted;
    sum.delivered += row.delivered;
    sum.deferrals += row.deferrals;
    sum.bounced += row.bounced;
    sum.waiting += row.waiting;
    sum.came_back += row.came_back;
    sum.times.insert(sum.times.end(), row.times.begin(), row.times.end());
  }
  return sum;
}

std::string Summary::table() const {
  std::string text = fmt::format("{:<12}{:>10}{:>11}{:>11}{:>9}{:>9}{:>11}{:>24}\n", "Provider",
                                 "accepted", "delivered", "deferrals", "bounced", "waiting",
                                 "came back", "time to deliver 50/95 %");
  for (const Row& row : rows_) text += line(row);
  return text + line(total());
}

std::string Summary::causes() const {
  std::string text;
  for (const auto& [failure, count] : failures_)
    text += fmt::format("{:<13}{:<12}{:>4}  {}\n", failure.end, failure.provider, count,
                        failure.reply_class.empty() ? "-" : failure.reply_class);
  return text;
}

std::optional<MessageId> Summary::most_interesting() const { return interesting_; }
uint64_t Summary::delivered() const { return total().delivered; }
uint64_t Summary::deferred() const { return total().deferrals; }
uint64_t Summary::bounced() const { return total().bounced; }
uint64_t Summary::came_back() const { return total().came_back; }
uint64_t Summary::waiting() const { return total().waiting; }

}  // namespace waypost::demo
