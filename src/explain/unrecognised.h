#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "classify/classifier.h"

namespace waypost::explain {

// Texts that no rule knows, counted by their normal text, so that they hold no address, name or
// number of anybody's mail and can be shown to others.
class Unrecognised {
 public:
  static constexpr size_t texts_max = 10'000;

  struct Text {
    std::string normal;
    uint64_t count = 0;
    std::string by_code;  // the class that its code suggests; empty: none
  };

  // Counts `reading` when no rule decided it; beyond texts_max new texts are only numbered.
  void note(const classify::Reading& reading, const classify::NormalText& normal);

  uint64_t replies() const { return replies_; }            // seen, recognised or not
  uint64_t unrecognised() const { return unrecognised_; }  // of these
  // The most frequent first.
  std::vector<Text> texts() const;

 private:
  uint64_t replies_ = 0;
  uint64_t unrecognised_ = 0;
  std::unordered_map<std::string, Text> texts_;
};

// A [[rule]] to be completed by hand, in a file for local rules.
std::string rule_stub(const Unrecognised::Text& text, size_t number);

}  // namespace waypost::explain
