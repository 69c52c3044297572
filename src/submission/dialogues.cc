#include "submission/session.h"

// The command that is a dialogue of its own: STARTTLS; AUTH is in auth.cc.
namespace waypost::submission {

io::Task<std::optional<smtp::Reply>> Session::on_starttls() {
  // RFC 3207 §6: what stands behind the command came from whoever can write into the clear text.
  if (!connection_.buffered().empty()) {
    end_with(smtp::reply(554, {5, 5, 1}, "Nothing may follow STARTTLS before TLS; closing"));
    co_return std::nullopt;
  }
  connection_.append(smtp::reply(220, {2, 0, 0}, "Ready to start TLS"));
  co_await secure();
  co_return std::nullopt;
}

}  // namespace waypost::submission
