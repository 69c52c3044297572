#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "api/front.h"
#include "api/sessions.h"
#include "base/ip_address.h"
#include "io/loop.h"
#include "io/worker.h"
#include "records/admins.h"
#include "records/keys.h"
#include "web/router.h"

namespace waypost::api {

// How many requests a key may make in a minute.
inline constexpr unsigned requests_max = 60'000;

// Who asks: with a key, or logged in to the dashboard, which stands for a key that may all.
struct Caller {
  std::shared_ptr<const records::Key> key;
  std::shared_ptr<Session> session = nullptr;  // null: with a key
};

// Who may ask what, and how often. Thread: the loop's.
class Access {
 public:
  struct Services {
    io::Loop& loop;
    io::Worker& worker;  // looks keys up
    records::Keys& keys;
    // Hears after each look at the keys what kept it from them, if something did.
    std::function<void(std::optional<std::string> trouble)> told;
    // Those who may log in, looked up on a worker of their own.
    records::Admins& admins;
    io::Worker& admins_worker;
    Front front = {};
  };
  explicit Access(Services services) : services_(std::move(services)) {}

  // A route for keys of that scope: without a key 401, with another one 403, beyond the limit of
  // requests 429, each before a body is read. Its answers say what is left of the limit. The cookie
  // of a session stands for a key, where a page of ours asks, and what changes something knows the
  // secret of the session: else 403, and 421 under a name that is not ours.
  web::Router::Route route(records::Scope scope, web::Router::Handler handler,
                           uint64_t body_octets_max = 0);

  // The same for every key that is known.
  web::Router::Route route_for_any(web::Router::Handler handler, uint64_t body_octets_max = 0);

  // Of a request that came through such a route.
  static const records::Key& key_of(const web::Request& request) { return *caller_of(request).key; }
  static const Caller& caller_of(const web::Request& request);
  // Whether who makes a request that goes on for long still may; not where that cannot be read.
  io::Task<bool> holds(Caller caller);
  // Why a request under that name is not answered; nothing: it is.
  std::optional<web::Response> refuse_host(const web::Request& head) const;

  // What is known of the key is read anew from here on: it was revoked.
  void forget(const std::string& key_name);

  Sessions& sessions() { return sessions_; }
  const Front& front() const { return services_.front; }
  // The one of the request's cookie; null where it is none, has ended, or its password has changed.
  // Fails where that cannot be read: the session goes on when it can be.
  io::Task<Result<std::shared_ptr<Session>>> session_of(const web::Request& head);
  static web::Response unreadable_session();
  // Whether what concerns this tenant is the key's to know.
  static bool may_see(const records::Key& key, const std::string& tenant);

 private:
  struct Known {
    std::shared_ptr<const records::Key> key;
    Instant until;
  };
  using Found = Result<std::shared_ptr<const records::Key>>;

  web::Router::Route make_route(std::optional<records::Scope> scope, web::Router::Handler handler,
                                uint64_t body_octets_max);
  // No scope: any will do.
  io::Task<std::optional<web::Response>> check(web::Request& head,
                                               std::optional<records::Scope> scope);
  io::Task<std::optional<web::Response>> check_session(web::Request& head);
  io::Task<Result<bool>> is_confirmed(std::shared_ptr<Session> session);
  io::Task<Found> find(std::string secret);
  io::Task<web::Response> answer(web::Router::Handler handler, web::Request request);
  web::Response refuse_unknown(const IpAddress& client);
  std::optional<web::Response> count(const records::Key& key);
  void begin_window();
  int64_t window_left_s();

  Services services_;
  Sessions sessions_;
  std::map<std::string, Known> known_;  // by the hash of the secret
  uint64_t forgotten_ = 0;              // how often
  // In the running minute.
  Instant window_end_{};
  std::map<std::string, unsigned> requests_;  // by the name of the key
  std::map<IpAddress, unsigned> refusals_;    // of unknown keys, by client
};

}  // namespace waypost::api
