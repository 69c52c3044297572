#include "events/outcome.h"

namespace waypost::events {

std::string_view name(Phase phase) {
  switch (phase) {
    case Phase::resolve:
      return "resolve";
    case Phase::connect:
      return "connect";
    case Phase::greeting:
      return "greeting";
    case Phase::hello:
      return "hello";
    case Phase::tls:
      return "tls";
    case Phase::mail:
      return "mail";
    case Phase::rcpt:
      return "rcpt";
    case Phase::data:
      return "data";
    case Phase::content:
      return "content";
  }
  return "unknown";
}

std::string Outcome::text() const { return reply ? reply->text() : reason; }

}  // namespace waypost::events
