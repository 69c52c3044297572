#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "base/result.h"
#include "web/message.h"

namespace waypost::api {

// Problems of one request that are told: an answer stays small, whatever came.
inline constexpr size_t problems_max = 100;

// Values of one body: room for a batch of 100 with 1,000 recipients each.
inline constexpr size_t values_max = 200'000;

// Text from outside as JSON, 16 levels and values_max values at most, and no name twice in an
// object: which of the two counts, programs do not agree about (RFC 8259 §4). invalid_input with
// the reason.
Result<boost::json::value> parse_json(std::string_view text);

// The object that a body is, or what to answer where it is none.
tl::expected<boost::json::object, web::Response> parse_object(std::string_view body);

// Reads one object of a request, and notes all that is wrong with it by the name of the field.
// Values that are wrong or absent come back empty. null is as good as absent. The object and the
// list outlive it.
class Fields {
 public:
  // `path` is what stands before the names of the fields: "attachments[0]."
  Fields(const boost::json::object& object, std::string path,
         std::vector<web::FieldProblem>& problems)
      : object_(object), path_(std::move(path)), problems_(problems) {}

  // Nothing beyond problems_max.
  void note(std::string_view key, std::string message);

  bool has(std::string_view key) const;
  // A field that was asked for by has() alone.
  void know(std::string_view key) { known_.emplace_back(key); }
  // One line, without control octets.
  std::string line(std::string_view key, size_t octets_max);
  // Any text but NUL.
  std::string text(std::string_view key, size_t octets_max);
  bool flag(std::string_view key);
  // A line, or a list of them.
  std::vector<std::string> lines(std::string_view key, size_t octets_max, size_t count_max);
  // Null when there is none.
  const boost::json::object* object(std::string_view key);
  const boost::json::array* array(std::string_view key, size_t count_max);
  // Last: notes every field that was not asked for.
  void no_more();

  std::string path_of(std::string_view key) const { return path_ + std::string(key); }

 private:
  const boost::json::value* take(std::string_view key);
  std::string text_of(std::string_view key, const boost::json::value& value, size_t octets_max,
                      bool one_line);

  const boost::json::object& object_;
  const std::string path_;
  std::vector<web::FieldProblem>& problems_;
  std::vector<std::string> known_;
};

// A time in a query, with any offset. A "+" that stands there as it is was read as a blank.
Result<WallTime> parse_query_time(std::string value);

}  // namespace waypost::api
