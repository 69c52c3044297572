#include "api/key_pages.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "api/fields.h"
#include "api/problems.h"
#include "intake/submitter.h"
#include "io/rng.h"
#include "submission/permissions.h"

namespace waypost::api {
namespace {

namespace json = boost::json;
using records::Key;
using records::Scope;

constexpr uint64_t body_octets_max = 64 * 1024;
constexpr size_t word_octets_max = 255;
constexpr size_t domains_max = 100;

web::Response in_json(const json::value& value) { return {.body = json::serialize(value) + "\n"}; }

json::object to_json(const Key& key) {
  json::array scopes;
  for (Scope scope : key.scopes) scopes.emplace_back(records::name(scope));
  json::object object{
      {"object", "api-key"},        {"id", key.name},
      {"name", key.name},           {"tenant", key.tenant},
      {"stream", key.stream},       {"created_at", base::to_rfc3339(key.created_at)},
      {"scopes", std::move(scopes)}};
  if (key.sender_domains)
    object["domains"] = json::array(key.sender_domains->begin(), key.sender_domains->end());
  if (key.revoked_at) object["revoked_at"] = base::to_rfc3339(*key.revoked_at);
  return object;
}

web::Response failed(const Error& error) {
  switch (error.code()) {
    case ErrorCode::invalid_input:
      return refuse(Problem::invalid_fields, error.message());
    case ErrorCode::already_exists:
      return refuse(Problem::key_conflict, error.message(), {{"name", error.message()}});
    case ErrorCode::not_found:
      return refuse(Problem::key_not_found, error.message());
    default:
      return refuse(Problem::relay_failure, error.describe());
  }
}

std::string who_is(const web::Request& request) {
  const Caller& caller = Access::caller_of(request);
  return (caller.session ? "the dashboard's user " : "the key ") + caller.key->name;
}

// Whether every domain that `pattern` means is one of `allowed`.
bool covers(const std::optional<intake::DomainPatterns>& allowed, const std::string& pattern) {
  if (!allowed) return true;
  if (!pattern.starts_with("*.")) return intake::may_send_as(allowed, pattern);
  return std::any_of(allowed->begin(), allowed->end(), [&](const std::string& each) {
    return each == pattern || (each.starts_with("*.") && pattern.size() > each.size() &&
                               pattern.ends_with(std::string_view(each).substr(1)));
  });
}

}  // namespace

// What is asked for.
struct KeyPages::NewKey {
  Key key;
  std::vector<web::FieldProblem> problems;

  void read(const json::object& object) {
    Fields fields(object, {}, problems);
    read_name(fields);
    key.tenant = word_or(fields, "tenant", "default");
    key.stream = word_or(fields, "stream", "default");
    read_scopes(fields);
    read_domains(fields);
    fields.no_more();
  }

  void read_name(Fields& fields) {
    key.name = word_or(fields, "name", "");
    if (!fields.has("name")) fields.note("name", "is missing: what the key is called in events");
  }

  // The database would refuse it as well, and not by the field.
  std::string word_or(Fields& fields, const char* name, const char* otherwise) {
    const size_t noted = problems.size();
    const std::string word = fields.line(name, word_octets_max);
    if (!fields.has(name)) return otherwise;
    if (problems.size() > noted) return word;
    const Result<void> fits = records::check_key_word(name, word);
    if (!fits) fields.note(name, fits.error().message());
    return word;
  }

  void read_scopes(Fields& fields) {
    const auto words = fields.lines("scopes", word_octets_max, 3);
    if (!words.empty()) key.scopes.clear();
    for (const std::string& word : words) {
      const Result<Scope> scope = records::parse_scope(word);
      if (scope)
        key.scopes.insert(*scope);
      else
        fields.note("scopes", scope.error().message());
    }
  }

  // As the command line has it: any sender is said, and not what is left out.
  void read_domains(Fields& fields) {
    const bool any_sender = fields.flag("any_sender");
    const auto domains = fields.lines("domains", word_octets_max, domains_max);
    if (any_sender != domains.empty())
      return fields.note("domains", any_sender ? "cannot stand beside \"any_sender\""
                                               : "is missing: as which domains it may send, or "
                                                 "\"any_sender\": true");
    if (any_sender) return;
    Result<std::vector<std::string>> patterns = submission::sender_patterns(domains);
    if (!patterns) return fields.note("domains", patterns.error().message());
    for (const std::string& pattern : *patterns)
      if (const Result<void> fits = records::check_sender_domain(pattern); !fits)
        fields.note("domains", fits.error().message());
    key.sender_domains = *std::move(patterns);
  }

  // What is more than the asker may; none: nothing is.
  std::optional<std::string> beyond(const Key& asker) const {
    for (Scope scope : key.scopes)
      if (!asker.scopes.contains(scope) && scope != Scope::read)
        return fmt::format("the scope \"{}\"", records::name(scope));
    if (!key.sender_domains)
      return asker.sender_domains ? std::optional("any sender") : std::nullopt;
    for (const std::string& pattern : *key.sender_domains)
      if (!covers(asker.sender_domains, pattern)) return "to send as " + pattern;
    return std::nullopt;
  }
};

void KeyPages::add_to(web::Router& router) {
  const auto on = [&](const char* method, const char* path, auto handler, uint64_t octets_max) {
    router.on(
        method, path,
        services_.access.route(
            Scope::admin,
            [this, handler](web::Request request) { return (this->*handler)(std::move(request)); },
            octets_max));
  };
  on("GET", "/v1/api-keys", &KeyPages::list, 0);
  on("POST", "/v1/api-keys", &KeyPages::create, body_octets_max);
  on("DELETE", "/v1/api-keys/{name}", &KeyPages::revoke, 0);
}

io::Task<web::Response> KeyPages::list(web::Request request) {
  if (!request.query.empty())
    co_return refuse(Problem::invalid_fields, "All keys are listed: the query has to be empty.");
  using Read = Result<std::vector<Key>>;
  std::function<Read()> work = [this] { return services_.keys.list(); };
  Read keys = co_await io::run_on<Read>(services_.worker, services_.loop, std::move(work));
  if (!keys) co_return failed(keys.error());
  json::array data;
  for (const Key& key : *keys) data.push_back(to_json(key));
  json::object page{{"object", "list"}, {"data", std::move(data)}, {"has_more", false}};
  co_return in_json(page);
}

// The secret stands in this answer and nowhere else.
io::Task<web::Response> KeyPages::create(web::Request request) {
  auto object = parse_object(request.body);
  if (!object) co_return std::move(object).error();
  NewKey wanted;
  wanted.read(*object);
  if (auto refused = refuse_any(wanted.problems)) co_return *std::move(refused);
  if (auto beyond = wanted.beyond(Access::key_of(request)))
    co_return refuse(
        Problem::missing_scope,
        fmt::format("A key makes none that may more than itself: this one has not {}.", *beyond));
  Key& key = wanted.key;
  key.created_at = services_.loop.wall_now();
  using Made = Result<std::string>;
  std::function<Made()> work = [&] {
    io::SystemRng rng;  // of this thread; the loop's is the loop's
    return services_.keys.create(key.name, key.tenant, key.stream, key.created_at, rng,
                                 key.sender_domains, key.scopes);
  };
  Made secret = co_await io::run_on<Made>(services_.worker, services_.loop, std::move(work));
  if (!secret) co_return failed(secret.error());
  json::object answer = to_json(key);
  services_.told(fmt::format(
      "{} made the key {} for {}, as {}", who_is(request), key.name,
      json::serialize(answer["scopes"]),
      key.sender_domains ? json::serialize(answer["domains"]) : std::string("any sender")));
  answer["token"] = *secret;
  co_return in_json(answer);
}

io::Task<web::Response> KeyPages::revoke(web::Request request) {
  const std::string name = request.parameters["name"];
  const WallTime now = services_.loop.wall_now();
  std::function<Result<void>()> work = [&] { return services_.keys.revoke(name, now); };
  Result<void> revoked =
      co_await io::run_on<Result<void>>(services_.worker, services_.loop, std::move(work));
  if (!revoked) co_return failed(revoked.error());
  services_.access.forget(name);
  services_.told(fmt::format("{} revoked the key {}", who_is(request), name));
  co_return in_json(json::object{{"object", "api-key"}, {"id", name}, {"revoked", true}});
}

}  // namespace waypost::api
