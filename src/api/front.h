#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "web/message.h"

// What a request from a browser says of where it comes from. Pure.
namespace waypost::api {

// How browsers reach the relay.
struct Front {
  std::vector<std::string> names;       // in lower case; besides localhost and addresses
  bool behind_tls = false;              // all of them through a proxy with TLS
  std::vector<base::IpPrefix> proxies;  // whose word on the client counts
};

// Whether the Host field names us: an address, localhost, or one of our names. Another name may
// lead here because a page of somebody else's made it so, to use the visitor's browser as its hand.
bool names_us(const Front& front, const web::Request& head);

// Who asks: behind proxies that are believed, who stands before them by X-Forwarded-For. No other
// field is read for it: proxies hand on what they do not write themselves, so that with a second
// field (Forwarded, X-Real-IP) each client could say who it is.
IpAddress client_of(const Front& front, const web::Request& head);

// Whether the browser's side of it has TLS.
bool is_secure(const Front& front, const web::Request& head);

// Whether a page of ours asks, as browsers say it by Sec-Fetch-Site and Origin; `is_change`: of a
// request that changes something, which has to say it.
bool is_from_our_page(const Front& front, const web::Request& head, bool is_change);

// The name of the cookie of a login, on the browser's side of this request. With TLS it is one that
// browsers take only from this very host and from TLS, so that nobody beside us can plant it.
std::string_view session_cookie(const Front& front, const web::Request& head);

// The value of a cookie; empty where there is none.
std::string_view cookie(const web::Request& head, std::string_view name);

}  // namespace waypost::api
