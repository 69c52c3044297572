#pragma once

namespace waypost::base {

// Prints the broken expectation with its place and aborts.
[[noreturn]] void check_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace waypost::base

// A bug aborts, in every build: crash-only recovery of the spool makes that safe. Never for what a
// peer, a disk or a file can cause: those are replies and Results.
#define CHECK(expression)                                             \
  do {                                                                \
    if (!(expression)) [[unlikely]]                                   \
      ::waypost::base::check_failed(#expression, __FILE__, __LINE__); \
  } while (false)
