#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "guard/suppressions.h"
#include "io/loop.h"
#include "queue/suppressor.h"
#include "returns/return_paths.h"

namespace waypost::daemon {

// The queue's suppressor is the guard's list. Thread: the queue's loop.
class QueueSuppressor final : public queue::Suppressor {
 public:
  struct Services {
    io::Loop& loop;
    guard::Suppressions& list;
    std::function<void(const std::string& trouble)> problem;
    std::shared_ptr<const returns::ReturnPaths> return_paths = nullptr;  // null: there are none
  };
  explicit QueueSuppressor(Services services) : services_(std::move(services)) {}

  // Whether the list holds for mail; it is filled in any case.
  void reconfigure(bool holds) { holds_ = holds; }

  std::optional<queue::Suppressed> find(const spool::Envelope& envelope,
                                        uint32_t recipient) const override;
  io::Task<void> condemn(std::vector<queue::Condemned> condemned) override;

 private:
  Services services_;
  bool holds_ = true;
};

}  // namespace waypost::daemon
