#pragma once

#include <string.h>
#include <string>
#include <string_view>
#include <utility>

namespace waypost::base {

// A password or key in memory: wiped when it goes away, never copied, never printed. Whoever needs
// the octets asks for them by name, so that every use can be found.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view octets) : octets_(octets) {}
  // Takes the octets over and wipes what the caller had.
  static Secret take(std::string& octets) {
    Secret secret{std::string_view(octets)};
    wipe(octets);
    return secret;
  }

  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  // A short string moves by copying its octets, so the source is wiped, too.
  Secret(Secret&& other) : octets_(other.octets_) { wipe(other.octets_); }
  Secret& operator=(Secret&& other) {
    if (this != &other) {
      wipe(octets_);
      octets_ = other.octets_;
      wipe(other.octets_);
    }
    return *this;
  }
  ~Secret() { wipe(octets_); }

  // Owned by this value.
  const std::string& reveal() const { return octets_; }
  bool empty() const { return octets_.empty(); }

  // Overwrites the octets, in a way that no optimizer removes, and leaves `octets` empty.
  static void wipe(std::string& octets) {
    octets.resize(octets.capacity());
    explicit_bzero(octets.data(), octets.size());
    octets.clear();
  }

 private:
  std::string octets_;
};

}  // namespace waypost::base

namespace waypost {
using base::Secret;
}
