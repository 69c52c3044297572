#pragma once

#include <map>
#include <string>

#include "daemon/journal.h"
#include "io/loop.h"

namespace waypost::daemon {

// Tells the journal which domains send mail that nobody signs: each once an hour, however much it
// sends. Thread: the loop's.
class UnsignedWarnings {
 public:
  UnsignedWarnings(io::Loop& loop, Journal& journal) : loop_(loop), journal_(journal) {}

  // `domain` is empty for mail that names none.
  void tell(const std::string& domain, const std::string& trouble);

 private:
  // More would let whoever may send fill the memory with names. They are in the events all the
  // same.
  static constexpr size_t domains_max = 1000;
  static constexpr Duration every = std::chrono::hours(1);

  io::Loop& loop_;
  Journal& journal_;
  std::map<std::string, Instant> told_;
};

}  // namespace waypost::daemon
