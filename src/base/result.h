#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace waypost::base {

// What kind of failure of the environment it was; callers decide by this, people read the message.
enum class ErrorCode {
  invalid_input,       // text from outside that does not mean anything here
  not_found,           // no such file, name or record
  already_exists,      // the name is taken
  permission_denied,   // the operating system or a policy says no
  timed_out,           // the deadline passed
  cancelled,           // our own side called it off (shutdown)
  refused,             // the peer or its host refused the connection
  unreachable,         // no route, network down, no usable address
  peer_gone,           // the connection ended or was reset
  resource_exhausted,  // disk, descriptors, memory or one of our own limits is used up
  io_failure,          // the operating system failed a read, write or sync
  corrupt,             // stored data that does not decode
  protocol,            // the peer broke the protocol
  tls,                 // handshake or certificate
  dns,                 // the resolver could not answer
  unavailable,         // a part of Waypost is not running or is shutting down
};

// The stable name, as logs and JSON show it: "timed_out".
std::string_view name(ErrorCode code);

// A failure of the environment: what happened, and a chain of "while ..." notes added where the
// knowledge is. A peer's reply is never an Error: it is data.
class Error {
 public:
  Error(ErrorCode code, std::string message, int system_error = 0)
      : code_(code), system_error_(system_error), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  int system_error() const { return system_error_; }  // errno, 0 when there was none
  const std::string& message() const { return message_; }
  const std::vector<std::string>& notes() const { return notes_; }

  // Adds "while <doing>"; returns itself so that it can be passed on in one expression.
  Error&& while_doing(std::string doing) && {
    notes_.push_back(std::move(doing));
    return std::move(*this);
  }

  // One line: message, errno text when there is one, then the notes from the inside out.
  std::string describe() const;

 private:
  ErrorCode code_;
  int system_error_;
  std::string message_;
  std::vector<std::string> notes_;
};

// From errno: picks the code and appends the system's text. `what` names the failed act.
Error system_failure(int system_error, std::string what);

template <class T = void>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> failure(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error(code, std::move(message)));
}
inline tl::unexpected<Error> failure(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace waypost::base

namespace waypost {
using base::Error;
using base::ErrorCode;
using base::failure;
using base::Result;
}  // namespace waypost

#define WAYPOST_CONCAT_(a, b) a##b
#define WAYPOST_CONCAT(a, b) WAYPOST_CONCAT_(a, b)

// TRY(declaration, expression): declares `declaration` from the value of a Result, or returns its
// error from the enclosing plain function. TRY_VOID(expression) for a Result<void>.
#define TRY_WITH_(temporary, declaration, expression, leave)          \
  auto&& temporary = (expression);                                    \
  if (!temporary) leave tl::unexpected(std::move(temporary).error()); \
  declaration = *std::move(temporary)
#define TRY_VOID_WITH_(temporary, expression, leave)                    \
  do {                                                                  \
    auto&& temporary = (expression);                                    \
    if (!temporary) leave tl::unexpected(std::move(temporary).error()); \
  } while (false)

#define TRY(declaration, expression) \
  TRY_WITH_(WAYPOST_CONCAT(try_result_, __LINE__), declaration, expression, return)
#define TRY_VOID(expression) \
  TRY_VOID_WITH_(WAYPOST_CONCAT(try_result_, __LINE__), expression, return)

// The same in coroutines, where the expression may be a co_await (GCC 12 cannot take one inside a
// statement expression, so the declaration form is the only form).
#define CO_TRY(declaration, expression) \
  TRY_WITH_(WAYPOST_CONCAT(try_result_, __LINE__), declaration, expression, co_return)
#define CO_TRY_VOID(expression) \
  TRY_VOID_WITH_(WAYPOST_CONCAT(try_result_, __LINE__), expression, co_return)
