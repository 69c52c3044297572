#pragma once

#include <optional>
#include <string>
#include <vector>

#include "demo/persona.h"
#include "events/event.h"

namespace waypost::demo {

// What became of the mail, provider by provider, from the relay's own events. Pure.
class Summary {
 public:
  explicit Summary(const std::vector<Persona>& personas);

  void add(const events::Event& event);

  // A table with a line for each provider and one for all.
  std::string table() const;
  // The message with the most to tell: the most attempts, and delivered in the end if there is one.
  std::optional<MessageId> most_interesting() const;

  uint64_t delivered() const;
  uint64_t deferred() const;
  uint64_t bounced() const;

 private:
  struct Row {
    std::string name;
    std::string domain;
    uint64_t accepted = 0;
    uint64_t delivered = 0;
    uint64_t deferrals = 0;
    uint64_t bounced = 0;
    std::vector<Duration> times;  // from acceptance to delivery
  };
  Row* row_of(const std::string& address);
  static std::string line(const Row& row);
  Row total() const;

  std::vector<Row> rows_;
  std::optional<MessageId> interesting_;
  uint32_t interesting_attempts_ = 0;
};

}  // namespace waypost::demo
