#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>

namespace waypost::bounces {

// Whether one of the phrases stands somewhere in `text`, letter by letter.
template <class Phrases>
bool has_one_of(std::string_view text, const Phrases& phrases) {
  return std::any_of(std::begin(phrases), std::end(phrases), [&](std::string_view phrase) {
    return text.find(phrase) != std::string_view::npos;
  });
}

}  // namespace waypost::bounces
