#include "io/loop.h"

#include "io/completion.h"

namespace waypost::io {

Task<void> sleep_until(Loop& loop, Instant at) {
  Completion<bool> woken;
  Timer timer(loop.timers());
  timer.start(at, [&woken] { woken.complete(true); });
  co_await woken;
}

}  // namespace waypost::io
