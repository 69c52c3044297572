#pragma once

#include <span>
#include <string>
#include <vector>

#include "toml/diagnostic.h"
#include "toml/document.h"

namespace waypost::toml {

// What is wrong in a list of files, while they are read.
class Problems {
 public:
  explicit Problems(std::span<const Source> sources) : sources_(sources) {}

  // Fills in file and place; beyond problems_max the rest is dropped, with one line saying so.
  void report(const Place& place, Diagnostic diagnostic);
  void report(const Place& place, std::string message, std::string help = {});
  // A key that `owner` ("a topic") does not have, or not with a value of this kind; `help` names
  // those that it has.
  void report_unknown(const Member& member, std::string_view owner, std::string help = {});
  // What the parser could not read of the source that `document` is from.
  void report_syntax(const Document& document, const Source& source);

  bool is_full() const { return problems_.size() >= problems_max; }
  bool has_errors() const { return has_errors_; }
  // By place; empty afterwards.
  std::vector<Diagnostic> take();

 private:
  static constexpr size_t problems_max = 100;
  struct Problem {
    Place place;
    Diagnostic diagnostic;
  };

  std::span<const Source> sources_;
  std::vector<Problem> problems_;
  bool has_errors_ = false;
  bool has_dropped_ = false;
};

}  // namespace waypost::toml
