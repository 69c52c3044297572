#include "api/access.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/problems.h"
#include "base/ascii.h"
#include "base/secret.h"
#include "io/digest.h"

namespace waypost::api {
namespace {

// How late a revoked key ends.
constexpr Duration known_for = std::chrono::seconds(1);
constexpr size_t known_max = 1000;
constexpr std::chrono::seconds window{60};
constexpr unsigned refusals_max = 100;  // of one client in a window
constexpr size_t refused_clients_max = 10'000;
constexpr size_t secret_octets_max = 200;

using KeyPointer = std::shared_ptr<const records::Key>;

// "Bearer wp_..."; empty where that is not what it is.
std::string_view secret_of(const web::Request& head) {
  std::string_view value = head.field("authorization");
  constexpr std::string_view scheme = "Bearer ";
  if (!base::starts_with_ignoring_case(value, scheme)) return {};
  value = base::trim(value.substr(scheme.size()));
  return value.size() > secret_octets_max ? std::string_view() : value;
}

web::Response unauthorized() {
  web::Response response = refuse(
      Problem::unauthorized,
      "Send a key that the relay knows: \"Authorization: Bearer wp_...\". `waypost keys create` "
      "makes one. In a browser, log in.");
  response.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"waypost\"");
  return response;
}

bool is_good_for(const records::Key& key, records::Scope scope) {
  using records::Scope;
  if (key.scopes.contains(scope)) return true;
  return scope == Scope::read && key.scopes.contains(Scope::admin);
}

}  // namespace

const Caller& Access::caller_of(const web::Request& request) {
  return *std::any_cast<Caller>(&request.caller);
}

bool Access::may_see(const records::Key& key, const std::string& tenant) {
  return key.scopes.contains(records::Scope::admin) || key.tenant == tenant;
}

web::Router::Route Access::route(records::Scope scope, web::Router::Handler handler,
                                 uint64_t body_octets_max) {
  return make_route(scope, std::move(handler), body_octets_max);
}

web::Router::Route Access::route_for_any(web::Router::Handler handler, uint64_t body_octets_max) {
  return make_route(std::nullopt, std::move(handler), body_octets_max);
}

web::Router::Route Access::make_route(std::optional<records::Scope> scope,
                                      web::Router::Handler handler, uint64_t body_octets_max) {
  web::Router::Route route;
  route.body_octets_max = body_octets_max;
  route.guard = [this, scope](web::Request& head) { return check(head, scope); };
  route.handler = [this, handler = std::move(handler)](web::Request request) {
    return answer(handler, std::move(request));
  };
  return route;
}

void Access::begin_window() {
  const Instant now = services_.loop.now();
  if (now < window_end_) return;
  window_end_ = now + window;
  requests_.clear();
  refusals_.clear();
}

int64_t Access::window_left_s() {
  const Duration left = window_end_ - services_.loop.now();
  return std::max<int64_t>(1, std::chrono::ceil<std::chrono::seconds>(left).count());
}

io::Task<std::optional<web::Response>> Access::check(web::Request& head,
                                                     std::optional<records::Scope> scope) {
  begin_window();
  std::string secret(secret_of(head));
  if (head.field("authorization").empty() &&
      !cookie(head, session_cookie(services_.front, head)).empty())
    co_return co_await check_session(head);
  KeyPointer key;
  if (!secret.empty()) {
    Found found = co_await find(std::move(secret));
    if (!found) {
      web::Response later = refuse(Problem::try_later, "The keys cannot be read now.");
      later.fields.emplace_back("Retry-After", "5");
      co_return later;
    }
    key = *std::move(found);
  }
  if (!key) co_return refuse_unknown(client_of(services_.front, head));
  if (auto limited = count(*key)) co_return limited;
  if (scope && !is_good_for(*key, *scope))
    co_return refuse(Problem::missing_scope,
                     fmt::format("The key \"{}\" has not the scope \"{}\". Make one that has: "
                                 "waypost keys create NAME --scope {}",
                                 key->name, records::name(*scope), records::name(*scope)));
  head.caller = Caller{std::move(key)};
  co_return std::nullopt;
}

std::optional<web::Response> Access::refuse_host(const web::Request& head) const {
  if (names_us(services_.front, head)) return std::nullopt;
  return refuse(
      Problem::unknown_host,
      fmt::format("\"{}\" is no name of this relay. Use its `hostname`, localhost or an "
                  "address, or add the name to `hostnames` of [http] and start the relay again.",
                  head.field("host")));
}

io::Task<Result<std::shared_ptr<Session>>> Access::session_of(const web::Request& head) {
  std::shared_ptr<Session> session =
      sessions_.find(cookie(head, session_cookie(services_.front, head)), services_.loop.now());
  if (!session) co_return nullptr;
  CO_TRY(const bool is_good, co_await is_confirmed(session));
  if (is_good) co_return session;
  sessions_.end(*session);
  co_return nullptr;
}

web::Response Access::unreadable_session() {
  web::Response later = refuse(Problem::try_later, "Who may log in cannot be read now.");
  later.fields.emplace_back("Retry-After", "5");
  return later;
}

// Whether the password that it began with is still the one.
io::Task<Result<bool>> Access::is_confirmed(std::shared_ptr<Session> session) {
  if (session->ended) co_return false;
  if (services_.loop.now() < session->confirmed + known_for) co_return true;
  using Read = Result<std::optional<records::Admin>>;
  std::function<Read()> look = [&] { return services_.admins.find(session->user); };
  Read read = co_await io::run_on<Read>(services_.admins_worker, services_.loop, std::move(look));
  if (!read) co_return failure(std::move(read).error());
  if (!*read || (*read)->revision != session->revision) co_return false;
  session->confirmed = services_.loop.now();
  co_return true;
}

// A session may all, so that no scope is asked for.
io::Task<std::optional<web::Response>> Access::check_session(web::Request& head) {
  if (auto refused = refuse_host(head)) co_return refused;
  const bool is_change = head.method != "GET" && head.method != "HEAD";
  if (!is_from_our_page(services_.front, head, is_change))
    co_return refuse(Problem::foreign_page, "A page of another site made the browser ask that.");
  Result<std::shared_ptr<Session>> found = co_await session_of(head);
  if (!found) co_return unreadable_session();
  std::shared_ptr<Session> session = *std::move(found);
  if (!session) co_return refuse_unknown(client_of(services_.front, head));
  // Of digests it tells nobody by its time how much was right.
  if (is_change && io::sha256(head.field("x-waypost-csrf")) != io::sha256(session->csrf))
    co_return refuse(Problem::foreign_page,
                     "The header X-Waypost-CSRF does not have the value that GET /v1/session "
                     "answers as `csrf`.");
  if (auto limited = count(*session->key)) co_return limited;
  const KeyPointer key = session->key;
  head.caller = Caller{key, std::move(session)};
  co_return std::nullopt;
}

// Behind a proxy all clients have one address: what strangers do there costs no known key anything.
web::Response Access::refuse_unknown(const IpAddress& client) {
  const auto refused = refusals_.find(client);
  if (refused != refusals_.end() && refused->second >= refusals_max)
    return rate_limited("Too many requests of this client had a key that is not known.",
                        window_left_s());
  if (refused != refusals_.end() || refusals_.size() < refused_clients_max) ++refusals_[client];
  return unauthorized();
}

io::Task<bool> Access::holds(Caller caller) {
  if (caller.session) {
    const bool is_over = Sessions::is_over(*caller.session, services_.loop.now());
    const Result<bool> is_good = co_await is_confirmed(caller.session);
    co_return is_good.value_or(false) && !is_over;
  }
  std::function<Result<bool>()> look = [&] { return services_.keys.holds(caller.key->name); };
  Result<bool> read =
      co_await io::run_on<Result<bool>>(services_.worker, services_.loop, std::move(look));
  co_return read.value_or(false);
}

std::optional<web::Response> Access::count(const records::Key& key) {
  unsigned& used = requests_[key.name];
  if (used >= requests_max)
    return rate_limited(
        fmt::format("The key \"{}\" may make {} requests a minute.", key.name, requests_max),
        window_left_s());
  ++used;
  return std::nullopt;
}

io::Task<Access::Found> Access::find(std::string secret) {
  const auto hash = io::sha256(secret);
  const std::string name(reinterpret_cast<const char*>(hash.data()), hash.size());
  auto known = known_.find(name);
  if (known != known_.end() && services_.loop.now() < known->second.until) {
    Secret::wipe(secret);
    co_return known->second.key;
  }
  using Read = Result<std::optional<records::Key>>;
  std::function<Read()> look = [&] { return services_.keys.find(secret); };
  const uint64_t forgotten = forgotten_;
  Read read = co_await io::run_on<Read>(services_.worker, services_.loop, std::move(look));
  Secret::wipe(secret);
  std::optional<std::string> trouble;
  if (!read)
    trouble = "the API answers 503, for the keys cannot be read: " + read.error().describe();
  services_.told(std::move(trouble));
  if (!read) co_return failure(std::move(read).error());
  if (!*read) co_return KeyPointer();
  auto key = std::make_shared<const records::Key>(**std::move(read));
  if (known_.size() >= known_max) known_.clear();
  // What was read before a key was revoked may hold that one.
  if (forgotten == forgotten_) known_[name] = {key, services_.loop.now() + known_for};
  co_return key;
}

void Access::forget(const std::string& key_name) {
  ++forgotten_;
  std::erase_if(known_, [&](const auto& each) { return each.second.key->name == key_name; });
}

// Draft-ietf-httpapi-ratelimit-headers, and the names that came before it.
io::Task<web::Response> Access::answer(web::Router::Handler handler, web::Request request) {
  const unsigned used = requests_[key_of(request).name];
  const unsigned left = requests_max - std::min(used, requests_max);
  const int64_t until_s = window_left_s();
  web::Response response = co_await handler(std::move(request));
  const auto add = [&](const char* name, std::string value) {
    response.fields.emplace_back(name, std::move(value));
  };
  add("RateLimit-Policy", fmt::format("\"requests\";q={};w={}", requests_max, window.count()));
  add("RateLimit", fmt::format("\"requests\";r={};t={}", left, until_s));
  add("RateLimit-Limit", std::to_string(requests_max));
  add("RateLimit-Remaining", std::to_string(left));
  add("RateLimit-Reset", std::to_string(until_s));
  co_return response;
}

}  // namespace waypost::api
