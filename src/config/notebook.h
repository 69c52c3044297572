#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "config/parse.h"
#include "config/values.h"
#include "toml/document.h"

namespace waypost::config {

// What one parse() learns: the problems, and where each key was written last. Keys are named
// "queue.retry_first", "listener[0].tls", "hostname".
class Notebook {
 public:
  explicit Notebook(std::span<const Source> sources) : sources_(sources) {}

  // Fills in file and place; beyond 100 problems the rest is dropped, with one line saying so.
  void report(const Place& place, Diagnostic diagnostic);
  // `in_list`: the refused value is an element, so that it cannot be shown as `key = value`.
  void report_refusal(const std::string& key, const Refusal& refusal, bool in_list,
                      std::string_view meaning);

  void note_written(const std::string& path, const Place& place, bool valid);
  bool is_written(const std::string& path) const { return written_.contains(path); }
  // False when the value in the Config is not what somebody wrote, because that was refused.
  bool is_usable(const std::string& path) const;
  // Nowhere when the key was not written.
  Place place(const std::string& path) const;
  Origin origin(const Place& place) const;

  // From here on nothing can be called missing: it may have stood on a line that was not
  // understood.
  void note_broken_line() { has_broken_lines_ = true; }
  bool has_broken_lines() const { return has_broken_lines_; }

  bool is_full() const { return problems_.size() >= problems_max; }
  bool has_errors() const { return has_errors_; }
  // By place; the notebook is empty afterwards.
  std::vector<Diagnostic> take();

 private:
  static constexpr size_t problems_max = 100;
  struct Written {
    Place place;
    bool valid;
  };
  struct Problem {
    Place place;
    Diagnostic diagnostic;
  };

  std::span<const Source> sources_;
  std::map<std::string, Written> written_;
  std::vector<Problem> problems_;
  bool has_errors_ = false;
  bool has_dropped_ = false;
  bool has_broken_lines_ = false;
};

}  // namespace waypost::config
