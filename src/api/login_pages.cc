#include "api/login_pages.h"

#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/fields.h"
#include "api/problems.h"
#include "base/ascii.h"
#include "base/secret.h"
#include "base/version.h"
#include "io/digest.h"

namespace waypost::api {
namespace {

namespace json = boost::json;

constexpr uint64_t body_octets_max = 8 * 1024;
constexpr size_t user_octets_max = 64;
// Each takes half a second of a processor.
constexpr size_t checked_at_once_max = 8;
constexpr size_t of_a_network_max = 2;

io::Task<std::optional<web::Response>> at_once(std::optional<web::Response> refusal) {
  co_return refusal;
}

// Counts a check for as long as it runs.
class Place {
 public:
  Place(std::multiset<IpAddress>& all, const IpAddress& network)
      : all_(all), place_(all.insert(network)) {}
  ~Place() { all_.erase(place_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  std::multiset<IpAddress>& all_;
  const std::multiset<IpAddress>::iterator place_;
};

}  // namespace

struct LoginPages::Credentials {
  std::string user;
  Secret password;
};

void LoginPages::add_to(web::Router& router) {
  enum class From { our_pages, anywhere };
  const auto on = [&](const char* method, const char* path, auto handler, uint64_t octets_max,
                      From from = From::our_pages) {
    web::Router::Route route;
    route.body_octets_max = octets_max;
    // That a page of another site makes a browser log in, or out, would be a nuisance as well.
    route.guard = [this, from](web::Request& head) {
      auto refusal = services_.access.refuse_host(head);
      if (!refusal && from == From::our_pages &&
          !is_from_our_page(services_.access.front(), head, false))
        refusal =
            refuse(Problem::foreign_page, "A page of another site made the browser ask that.");
      return at_once(std::move(refusal));
    };
    route.handler = [this, handler](web::Request request) {
      return (this->*handler)(std::move(request));
    };
    router.on(method, path, std::move(route));
  };
  on("GET", "/v1/about", &LoginPages::about, 0);
  on("GET", "/v1/session", &LoginPages::show, 0);
  on("POST", "/v1/session", &LoginPages::log_in, body_octets_max);
  on("DELETE", "/v1/session", &LoginPages::log_out, 0);
  // Its word is in no page but the demo's own, which is a file.
  if (has_link_) on("GET", "/v1/session/enter", &LoginPages::enter, 0, From::anywhere);
}

// Without a login, so that it says nothing but what a greeting of SMTP says, and whether there is
// one: a browser calls every 401 an error.
io::Task<web::Response> LoginPages::about(web::Request request) {
  const auto session = co_await services_.access.session_of(request);
  const bool nobody_yet = co_await needs_admin();
  json::object answer{{"name", "Waypost"},
                      {"version", base::version},
                      {"hostname", services_.hostname},
                      {"demo", has_link_ && !services_.captures},
                      {"capture", services_.captures},
                      {"needs_admin", nobody_yet}};
  // Where it cannot be told just now, nobody is told to log in: the session may well go on.
  if (session) answer["session"] = bool(*session);
  co_return web::Response{.body = json::serialize(answer) + "\n"};
}

// Whoever asks, and however often, it is read once a second.
io::Task<bool> LoginPages::needs_admin() {
  if (services_.loop.now() < needs_admin_until_) co_return needs_admin_;
  using Read = Result<std::vector<records::Admin>>;
  std::function<Read()> list = [&] { return services_.admins.list(); };
  Read admins = co_await io::run_on<Read>(services_.admins_worker, services_.loop, std::move(list));
  needs_admin_ = admins && admins->empty();
  needs_admin_until_ = services_.loop.now() + std::chrono::seconds(1);
  co_return needs_admin_;
}

web::Response LoginPages::session_page(const Session& session) const {
  json::array scopes;
  for (records::Scope scope : session.key->scopes) scopes.emplace_back(records::name(scope));
  const Duration left = Sessions::end_of(session) - services_.loop.now();
  const WallTime ends_at =
      services_.loop.wall_now() + std::chrono::duration_cast<std::chrono::microseconds>(left);
  const json::object answer{{"user", session.user},
                            {"scopes", std::move(scopes)},
                            {"csrf", session.csrf},
                            {"expires_at", base::to_rfc3339(ends_at)}};
  return {.body = json::serialize(answer) + "\n"};
}

io::Task<web::Response> LoginPages::show(web::Request request) {
  auto session = co_await services_.access.session_of(request);
  if (!session) co_return Access::unreadable_session();
  if (!*session) co_return refuse(Problem::unauthorized, "Nobody is logged in here.");
  co_return session_page(**session);
}

// By the cookie alone: what is behind the guard is of our pages, and all that can come of it is
// another login.
io::Task<web::Response> LoginPages::log_out(web::Request request) {
  Sessions& sessions = services_.access.sessions();
  const std::string_view name = session_cookie(services_.access.front(), request);
  const auto session = sessions.find(cookie(request, name), services_.loop.now());
  if (session) sessions.end(*session);
  web::Response response;
  response.code = 204;
  response.fields.emplace_back("Set-Cookie", cookie_field(request, "") + "; Max-Age=0");
  co_return response;
}

std::string LoginPages::cookie_field(const web::Request& request, const std::string& token) const {
  const Front& front = services_.access.front();
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict{}", session_cookie(front, request),
                     token, is_secure(front, request) ? "; Secure" : "");
}

io::Task<web::Response> LoginPages::log_in(web::Request request) {
  // What a form of another site can send without asking first is another type.
  if (!request.field("content-type").starts_with("application/json"))
    co_return refuse(Problem::unsupported_media_type, "Send it as Content-Type: application/json.");
  auto object = parse_object(request.body);
  Secret::wipe(request.body);
  if (!object) co_return std::move(object).error();
  std::vector<web::FieldProblem> problems;
  Fields fields(*object, {}, problems);
  Credentials credentials;
  credentials.user = fields.line("user", user_octets_max);
  std::string password = fields.text("password", records::admin_password_octets_max);
  credentials.password = Secret::take(password);
  fields.no_more();
  if (auto refusal = refuse_any(problems)) co_return *std::move(refusal);
  co_return co_await check(std::move(request), std::move(credentials));
}

io::Task<web::Response> LoginPages::check(web::Request request, Credentials credentials) {
  const IpAddress client = client_of(services_.access.front(), request);
  const IpAddress network = submission::network_of(client);
  auto turn = guesses_.take_turn(network, services_.loop.now());
  if (turn.refused)
    co_return rate_limited("Too many wrong passwords came from your address. Wait, then try again.",
                           10);
  co_await io::sleep_until(services_.loop, services_.loop.now() + turn.wait);
  const Duration wait = guesses_.wait_for(credentials.user, network, services_.loop.now());
  co_await io::sleep_until(services_.loop, services_.loop.now() + wait);
  // Who waits has no place, so that guesses that wait keep nobody else out.
  if (checking_.size() >= checked_at_once_max || checking_.count(network) >= of_a_network_max) {
    guesses_.give_back(turn, network);
    web::Response later = refuse(Problem::try_later, "Too many log in at this moment.");
    later.fields.emplace_back("Retry-After", "5");
    co_return later;
  }
  Place place(checking_, network);
  using Read = Result<std::optional<records::Admin>>;
  std::function<Read()> look = [&] {
    return services_.passwords.check(credentials.user, credentials.password);
  };
  Read admin =
      co_await io::run_on<Read>(services_.passwords_worker, services_.loop, std::move(look));
  const Instant now = services_.loop.now();
  if (!admin) {
    guesses_.give_back(turn, network);
    co_return refuse(Problem::relay_failure, admin.error().describe());
  }
  if (!*admin) {
    guesses_.failed(turn, credentials.user, network, now);
    co_return refuse_login(credentials.user, client);
  }
  guesses_.succeeded(turn, credentials.user, network, now);
  co_return welcome(request, **admin);
}

web::Response LoginPages::welcome(const web::Request& request, const records::Admin& admin) {
  const Instant now = services_.loop.now();
  Sessions& sessions = services_.access.sessions();
  // Whoever logs in twice in one browser has one session.
  auto before =
      sessions.find(cookie(request, session_cookie(services_.access.front(), request)), now);
  if (before) sessions.end(*before);
  Sessions::Begun begun = sessions.begin(admin, now, services_.loop.rng());
  web::Response response = session_page(*begun.session);
  response.fields.emplace_back("Set-Cookie", cookie_field(request, begun.token));
  return response;
}

// The link that a demo prints: it leads to the first page, logged in.
io::Task<web::Response> LoginPages::enter(web::Request request) {
  // What only looks at the link first, as a preview does, does not use it up.
  const bool fits = request.method == "GET" && !services_.demo_word.empty() &&
                    io::sha256(request.query) == io::sha256("word=" + services_.demo_word);
  web::Response response;
  if (fits) {
    services_.demo_word.clear();
    using Read = Result<std::optional<records::Admin>>;
    std::function<Read()> find = [&] { return services_.admins.find(services_.demo_admin); };
    Read admin =
        co_await io::run_on<Read>(services_.admins_worker, services_.loop, std::move(find));
    if (admin && *admin) response = welcome(request, **admin);
  }
  response.code = 303;
  response.body.clear();
  response.fields.emplace_back("Location", "/");
  response.fields.emplace_back("Referrer-Policy", "no-referrer");
  co_return response;
}

// The same words whatever was wrong, so that nobody learns which names exist.
web::Response LoginPages::refuse_login(const std::string& user, const IpAddress& client) {
  if (services_.clients.failed_login_is_worth_a_line(services_.loop.now()))
    services_.trouble(fmt::format("login to the dashboard refused: \"{}\" from {}",
                                  base::escape_control(user), client.text()));
  return refuse(Problem::wrong_password, "The name or the password is wrong.");
}

}  // namespace waypost::api
