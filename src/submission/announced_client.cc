#include <utility>

#include "smtp/xclient.h"
#include "submission/session.h"

// The command XCLIENT: from here on the session is that of another client.
//
// It cannot bring a login. A login is proven to this server, by its secret: a list of addresses
// that could name any login would be a second password for all of them, and a way around the
// domains as which each may send. A proxy passes AUTH on instead.
//
// It comes from the proxy alone. Most proxies name their client, greet, and from then on pass on
// whatever the client says: with the first EHLO behind XCLIENT the right is over for the session,
// inside TLS as well, and one that has named an address never gets to name another. Else a client
// could call itself a trusted one.
namespace waypost::submission {

bool Session::may_announce() const {
  return !client_speaks_ && first_caller_.is_known_in(settings_.xclient_networks);
}

smtp::Reply Session::on_xclient(std::string_view arguments) {
  auto said = smtp::parse_xclient(arguments);
  if (!said) return said.error();
  if (said->login.value)
    return smtp::reply(550, {5, 7, 0}, "XCLIENT names no logins here: pass AUTH on instead");
  if (said->hello_name.value && !is_hello_name(*said->hello_name.value))
    return smtp::reply(501, {5, 5, 4}, "XCLIENT: HELO is not a host name or [address]");
  if (announced_.address.said && said->address.said)
    return smtp::reply(550, {5, 7, 0}, "XCLIENT has named a client: connect again for another");
  // What an earlier one said holds on, since one line may not hold all.
  if (said->address.said) announced_.address = said->address;
  if (said->address.said || said->port.said) announced_.port = said->port;
  if (said->hello_name.said) announced_.hello_name = std::move(said->hello_name);
  const Caller caller = announced_caller();
  const IpAddress network = network_of(caller.client.address);
  const size_t others = services_.clients.connected_from(network);
  if (network != network_ && others >= settings_.connections_per_address_max) {
    ended_ = true;
    return smtp::reply(421, {4, 7, 0}, "Too many connections from that address");
  }
  named_ = true;
  begin_again_for(caller);
  return greeting();
}

Caller Session::announced_caller() const {
  if (!announced_.address.said) return first_caller_;
  if (!announced_.address.value) return Caller::unnamed(first_caller_.peer);
  Caller caller = Caller::announced(first_caller_.client,
                                    {*announced_.address.value, announced_.port.value.value_or(0)});
  caller.peer = first_caller_.peer;
  return caller;
}

void Session::begin_again_for(const Caller& caller) {
  caller_ = caller;
  trusted_ = caller.is_known_in(settings_.trusted_networks);
  network_ = network_of(caller.client.address);
  place_.move_to(network_);
  submitter_.client = caller.client;
  submitter_.session = services_.clients.new_session_id(services_.loop.wall_now());
  forget_client();
  transactions_ = 0;
  errors_ = idle_commands_ = login_failures_ = 0;
}

}  // namespace waypost::submission
