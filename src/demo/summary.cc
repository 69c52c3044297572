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

Summary::Summary(const std::vector<Persona>& personas) {
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
  for (const std::string& recipient : event.recipients) {
    Row* row = row_of(recipient);
    if (!row) continue;
    switch (event.kind) {
      case events::EventKind::accepted:
        ++row->accepted;
        break;
      case events::EventKind::delivered:
        ++row->delivered;
        row->times.push_back(event.since_accepted);
        if (event.attempt > interesting_attempts_) {
          interesting_attempts_ = event.attempt;
          interesting_ = event.message;
        }
        break;
      case events::EventKind::deferred:
        ++row->deferrals;
        break;
      case events::EventKind::bounced:
        ++row->bounced;
        break;
      default:
        break;
    }
  }
}

std::string Summary::line(const Row& row) {
  bool timed = !row.times.empty();
  return fmt::format("{:<12}{:>10}{:>11}{:>11}{:>9}{:>12}{:>12}\n", row.name, row.accepted,
                     row.delivered, row.deferrals, row.bounced,
                     timed ? base::to_human(percentile(row.times, 0.5)) : "-",
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
    sum.times.insert(sum.times.end(), row.times.begin(), row.times.end());
  }
  return sum;
}

std::string Summary::table() const {
  std::string text = fmt::format("{:<12}{:>10}{:>11}{:>11}{:>9}{:>24}\n", "Provider", "accepted",
                                 "delivered", "deferrals", "bounced", "time to deliver 50/95 %");
  for (const Row& row : rows_) text += line(row);
  return text + line(total());
}

std::optional<MessageId> Summary::most_interesting() const { return interesting_; }
uint64_t Summary::delivered() const { return total().delivered; }
uint64_t Summary::deferred() const { return total().deferrals; }
uint64_t Summary::bounced() const { return total().bounced; }

}  // namespace waypost::demo
