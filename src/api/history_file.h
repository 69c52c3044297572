#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "api/history.h"
#include "base/result.h"
#include "base/time.h"

// A History as it is kept over a restart: a line with the version, one with a digest of what
// follows it, then the times in which was counted, and the places. Pure.
namespace waypost::api {

inline constexpr size_t history_octets_max = 64ull << 20;

// Places can be taken one after the other, each at a time of its own, and then the times. Both go
// to sealed_history(), which takes longer and needs no History any more.
std::string encode_place(const History& history, std::string_view name);
std::string encode_times(const History& history, WallTime now);
std::string sealed_history(std::string_view times, std::string_view places);

// Into one that began at `now` and has counted nothing yet. corrupt where it is damaged or of
// another version; `into` is no good then.
Result<void> decode_history(std::string_view octets, WallTime now, History& into);

}  // namespace waypost::api
