#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "demo/persona.h"
#include "events/event.h"

namespace waypost::demo {

// What became of the mail, provider by provider, from the relay's own events. Pure.
class Summary {
 public:
  explicit Summary(std::span<const Persona> personas);

  void add(const events::Event& event);

  // A table with a line for each provider and one for all.
  std::string table() const;
  // Why mail ended otherwise than it should have: a line for each end, provider and cause, with how
  // many. The same for the same seed.
  std::string causes() const;
  // The message with the most to tell: the most attempts, and delivered in the end if there is one.
  std::optional<MessageId> most_interesting() const;

  uint64_t delivered() const;
  uint64_t deferred() const;
  uint64_t bounced() const;
  uint64_t came_back() const;
  uint64_t waiting() const;

 private:
  struct Row {
    std::string name;
    std::string domain;
    uint64_t accepted = 0;
    uint64_t delivered = 0;
    uint64_t deferrals = 0;
    uint64_t bounced = 0;         // or expired
    uint64_t waiting = 0;         // neither yet
    uint64_t came_back = 0;       // bounced later, or called spam
    std::vector<Duration> times;  // from acceptance to delivery
  };
  struct Failure {
    std::string end;  // "bounced"
    std::string provider;
    std::string reply_class;
    auto operator<=>(const Failure&) const = default;
  };
  Row* row_of(const std::string& address);
  static void settle(Row& row);
  void count(Row& row, const events::Event& event);
  void fail(const Row& row, const events::Event& event);
  static std::string line(const Row& row);
  Row total() const;

  std::vector<Row> rows_;
  std::map<Failure, uint64_t> failures_;
  std::optional<MessageId> interesting_;
  uint32_t interesting_attempts_ = 0;
};

}  // namespace waypost::demo
