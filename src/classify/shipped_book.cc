#include "base/check.h"
#include "classify/shipped_rules.h"

namespace waypost::classify {

const RuleBook& shipped_book() {
  static const RuleBook book = [] {
    LoadedBook loaded = load(shipped_rules(), shipped_rules().size());
    CHECK(loaded.book.has_value());
    return *std::move(loaded.book);
  }();
  return book;
}

}  // namespace waypost::classify
