#include "base/result.h"

#include <cerrno>
#include <system_error>

namespace waypost::base {

std::string_view name(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_input:
      return "invalid_input";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::already_exists:
      return "already_exists";
    case ErrorCode::permission_denied:
      return "permission_denied";
    case ErrorCode::timed_out:
      return "timed_out";
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::refused:
      return "refused";
    case ErrorCode::unreachable:
      return "unreachable";
    case ErrorCode::peer_gone:
      return "peer_gone";
    case ErrorCode::resource_exhausted:
      return "resource_exhausted";
    case ErrorCode::io_failure:
      return "io_failure";
    case ErrorCode::corrupt:
      return "corrupt";
    case ErrorCode::protocol:
      return "protocol";
    case ErrorCode::tls:
      return "tls";
    case ErrorCode::dns:
      return "dns";
    case ErrorCode::unavailable:
      return "unavailable";
  }
  return "unknown";
}

std::string Error::describe() const {
  std::string text = message_;
  for (const std::string& note : notes_) text += ", while " + note;
  return text;
}

namespace {

ErrorCode code_for(int system_error) {
  switch (system_error) {
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::not_found;
    case EEXIST:
    case EADDRINUSE:
      return ErrorCode::already_exists;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::permission_denied;
    case ETIMEDOUT:
      return ErrorCode::timed_out;
    case ECANCELED:
      return ErrorCode::cancelled;
    case ECONNREFUSED:
      return ErrorCode::refused;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return ErrorCode::unreachable;
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
      return ErrorCode::peer_gone;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
      return ErrorCode::resource_exhausted;
    default:
      return ErrorCode::io_failure;
  }
}

}  // namespace

Error system_failure(int system_error, std::string what) {
  std::string message = std::move(what) + ": " + std::generic_category().message(system_error);
  return Error(code_for(system_error), std::move(message), system_error);
}

}  // namespace waypost::base
