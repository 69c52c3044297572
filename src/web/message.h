#pragma once

#include <any>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "base/time.h"
#include "io/task.h"

namespace waypost::web {

// An HTTP request, within the server's limits; everything in it is hostile.
struct Request {
  std::string method;  // "GET"; as the client spelled it
  std::string path;    // "/readyz", before any "?"; not decoded
  std::string query;   // behind the "?", without it
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case
  std::string body;
  Endpoint client = {};
  // The parts of the path that its route leaves open, decoded: valid UTF-8 without control octets.
  std::map<std::string, std::string, std::less<>> parameters = {};
  std::any caller = {};  // what the route's guard found out

  // Of the first field with that name, in lower case; empty when there is none.
  std::string_view field(std::string_view name) const;
};

// Where the body of an answer without a known end goes, piece by piece.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  // Suspends until a slow client has taken it; fails when the client is gone or takes too long.
  virtual io::Task<Result<void>> write(std::string octets) = 0;
  // Waits while there is nothing to say; fails at once with peer_gone when the client has gone, or
  // with cancelled when the server stops.
  virtual io::Task<Result<void>> wait_until(Instant at) = 0;
};

struct Response {
  unsigned code = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> fields = {};  // besides those that every one has
  // Where it is set, it writes the body, and the connection ends when it returns. Content-Length,
  // if it is known, then is one of the fields.
  std::function<io::Task<void>(BodyStream& to)> stream = {};
};

// What is wrong with one field of what was sent.
struct FieldProblem {
  std::string field;  // "attachments[0].content"
  std::string message;
};

// A problem as RFC 9457 has it. `name` is one of ours, with its page at /v1/problems/NAME;
// `detail` says what to do, and may quote what came from outside.
Response problem(unsigned code, std::string_view name, std::string_view title,
                 std::string_view detail, const std::vector<FieldProblem>& errors = {});

// The parameters of a query, decoded; none when it is no query, or has one twice, or octets that
// are no UTF-8 or control octets.
std::optional<std::map<std::string, std::string, std::less<>>> parse_query(std::string_view query);

// Percent-encoding undone (RFC 3986 §2.1); none for what is not encoded well, is no UTF-8, or has
// control octets.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace waypost::web
