#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "base/result.h"
#include "base/time.h"

namespace waypost::daemon {

// Longer than any address, domain or name of ours.
inline constexpr size_t request_name_octets_max = 512;

// invalid_input, for people.
tl::unexpected<Error> refused(std::string why);

// The keys of one object of a request or of a file, each taken once; what is left at the end was
// not known. The object outlives it. Failures are as refused() has them.
class Keys {
 public:
  explicit Keys(const boost::json::object& object) : object_(object) {}

  // Null when it is absent.
  const boost::json::value* take(std::string_view key);
  // Empty when it is absent.
  Result<std::string> text(std::string_view key, size_t octets_max = request_name_octets_max);
  // Where it is there, it says something: an empty one would select more than was meant.
  Result<std::string> selecting_text(std::string_view key);
  Result<bool> flag(std::string_view key);
  Result<std::optional<int64_t>> number(std::string_view key, int64_t max);
  // Of at most ten years.
  Result<std::optional<Duration>> seconds(std::string_view key);
  Result<WallTime> time(std::string_view key);
  Result<void> no_more() const;

 private:
  const boost::json::object& object_;
  size_t taken_ = 0;
};

}  // namespace waypost::daemon
