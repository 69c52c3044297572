#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "config/parse.h"
#include "config/values.h"
#include "toml/document.h"
#include "toml/problems.h"

namespace waypost::config {

// What one parse() learns: the problems, and where each key was written last. Keys are named
// "queue.retry_first", "listener[0].tls", "hostname".
class Notebook {
 public:
  explicit Notebook(std::span<const Source> sources) : sources_(sources), problems_(sources) {}

  void report(const Place& place, Diagnostic diagnostic) {
    problems_.report(place, std::move(diagnostic));
  }
  void report_syntax(const toml::Document& document, const Source& source) {
    problems_.report_syntax(document, source);
  }
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

  bool is_full() const { return problems_.is_full(); }
  bool has_errors() const { return problems_.has_errors(); }
  std::vector<Diagnostic> take() { return problems_.take(); }

 private:
  struct Written {
    Place place;
    bool valid;
  };

  std::span<const Source> sources_;
  std::map<std::string, Written> written_;
  toml::Problems problems_;
  bool has_broken_lines_ = false;
};

}  // namespace waypost::config
