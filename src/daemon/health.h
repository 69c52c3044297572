#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/journal.h"

namespace waypost::daemon {

// What is wrong with the relay right now, as named checks. The journal hears of each trouble once
// when it begins, and once when it ends. Thread: the loop's.
class Health {
 public:
  explicit Health(Journal& journal) : journal_(journal) {}

  enum class Weight {
    stops_mail,  // not ready: mail is refused, or cannot come in
    warns,       // mail goes on
  };
  struct Check {
    Weight weight = Weight::warns;
    std::optional<std::string> trouble;  // nothing: it is well
  };

  // What a check has found, each time it looks.
  void report(std::string_view name, Weight weight, std::optional<std::string> trouble);

  const std::map<std::string, Check, std::less<>>& checks() const { return checks_; }
  bool ready() const;
  // The troubles on one line, those that stop mail first; empty when all is well.
  std::string summary() const;

 private:
  Journal& journal_;
  std::map<std::string, Check, std::less<>> checks_;
};

}  // namespace waypost::daemon
