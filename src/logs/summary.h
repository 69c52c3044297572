#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "classify/classifier.h"
#include "logs/log_event.h"

namespace waypost::logs {

// Failures of one cause at one provider.
struct Cause {
  // Id of a known one, else the domain of the host, else that of the recipient, else "unknown".
  std::string provider;
  std::string provider_name;  // for people
  classify::Reading reading;  // of the example; its views are empty
  std::string example;        // a reply, as it was said
  uint64_t bounced = 0;
  uint64_t deferred = 0;
  std::string first;  // times as the log has them; empty: it has none
  std::string last;

  uint64_t count() const { return bounced + deferred; }
};

// Which outcomes are counted.
struct Wanted {
  std::optional<WallTime> since;  // by the time of the line; lines without one are counted
  WallTime now;                   // for times that name no year
  std::string provider;           // id, name or host; empty: all
};

// Outcomes grouped by provider and cause. One thread; lives no longer than the classifier.
class Summary {
 public:
  static constexpr size_t causes_max = 10'000;
  static constexpr size_t remembered_max = 100'000;
  static constexpr size_t key_reply_octets_max = 1024;

  Summary(const classify::Classifier& classifier, Wanted wanted);

  void add(const LogEvent& event);
  // The time by now, of a log that is read while it grows.
  void set_now(WallTime now) { wanted_.now = now; }

  // The most frequent first.
  std::vector<const Cause*> worst_first() const;
  uint64_t delivered() const { return delivered_; }
  uint64_t bounced() const { return bounced_; }
  uint64_t deferred() const { return deferred_; }
  // Not wanted, or of more causes than are kept.
  uint64_t left_out() const { return left_out_; }
  uint64_t outcomes() const { return delivered_ + bounced_ + deferred_; }

 private:
  bool is_wanted(const LogEvent& event) const;
  bool is_wanted_domain(std::string_view domain) const;
  Cause* cause_of(const LogEvent& event);
  Cause* judged(const LogEvent& event);

  const classify::Classifier& classifier_;
  classify::Reader reader_;
  Wanted wanted_;
  const classify::Provider* provider_ = nullptr;
  uint64_t delivered_ = 0;
  uint64_t bounced_ = 0;
  uint64_t deferred_ = 0;
  uint64_t left_out_ = 0;
  std::unordered_map<std::string, std::unique_ptr<Cause>> causes_;
  // By host and reply, without what differs from line to line.
  std::unordered_map<std::string, Cause*> remembered_;
  std::string key_;
};

// The time of a line as an instant: RFC 3339 with or without a zone (then UTC), that of PHP's error
// log, and that of syslog, which names no year: the last one that is not after `now`.
std::optional<WallTime> parse_line_time(std::string_view text, WallTime now);

}  // namespace waypost::logs
