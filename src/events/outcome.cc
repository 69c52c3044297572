#include "events/outcome.h"

namespace waypost::events {

std::string Outcome::text() const { return reply ? reply->text() : reason; }

}  // namespace waypost::events
