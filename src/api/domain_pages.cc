#include "api/domain_pages.h"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/domain_request.h"
#include "api/fields.h"
#include "api/problems.h"
#include "dns/caching_resolver.h"
#include "domains/domain_json.h"
#include "intake/submitter.h"
#include "publish/json_text.h"
#include "publish/plan_json.h"

namespace waypost::api {
namespace {

namespace json = boost::json;
using domains::SendingDomain;
using records::Scope;

constexpr uint64_t body_octets_max = 16 * 1024;
constexpr size_t answers_kept_max = 1'000;
constexpr size_t running_max = 8;
constexpr Duration patience = std::chrono::seconds(20);

web::Response in_json(const json::value& value) { return {.body = json::serialize(value) + "\n"}; }

web::Response failed(const Error& error) {
  switch (error.code()) {
    case ErrorCode::invalid_input:
      return refuse(Problem::invalid_fields, error.message());
    case ErrorCode::not_found:
      return refuse(Problem::domain_not_found, error.message());
    case ErrorCode::already_exists:
      return refuse(Problem::domain_conflict, error.message());
    default:
      return refuse(Problem::relay_failure, error.describe());
  }
}

// A key that is for some senders sees their domains and no others.
bool may_see(const records::Key& key, const std::string& domain) {
  return key.scopes.contains(Scope::admin) || intake::may_send_as(key.sender_domains, domain);
}

json::object to_json(const SendingDomain& domain) {
  json::object object{{"domain", domain.domain}};
  if (domain.return_path) object["return_path"] = *domain.return_path;
  object["keys"] = keys_json(domain);
  return object;
}

}  // namespace

struct DomainPages::Done {
  web::Response response;
  bool changes_signing = false;
};

// A resolver for one request: what it asks is not remembered from before.
class DomainPages::Names {
 public:
  static Result<std::unique_ptr<Names>> open(const Services& services, io::AsioLoop& loop) {
    TRY(Endpoint server, services.resolver());
    TRY(auto context, dns::UnboundContext::create(services.names, services.disk));
    return std::unique_ptr<Names>(new Names(loop, server, std::move(context)));
  }
  publish::Vantage vantage() { return {loop_, loop_.network(), answers_, server_}; }

 private:
  Names(io::AsioLoop& loop, Endpoint server, std::unique_ptr<dns::UnboundContext> context)
      : loop_(loop),
        server_(server),
        context_(std::move(context)),
        resolver_(dns::make_resolver(*context_, loop)),
        answers_(*resolver_, loop, answers_kept_max) {}

  io::AsioLoop& loop_;
  const Endpoint server_;
  std::unique_ptr<dns::UnboundContext> context_;
  std::unique_ptr<dns::Resolver> resolver_;
  dns::CachingResolver answers_;
};

DomainPages::DomainPages(Services services)
    : services_(std::move(services)), store_(services_.disk, services_.folder) {
  thread_.start();
}

void DomainPages::end() {
  ended_ = true;
  thread_.end();
  remote_.drop();
}

void DomainPages::add_to(web::Router& router, Access& access) {
  const auto on = [&](const char* method, const char* path, Scope scope, Step step,
                      Read read = nullptr) {
    router.on(method, path,
              access.route(
                  scope,
                  [this, step, read](web::Request request) {
                    return answer(step, read, std::move(request));
                  },
                  read ? body_octets_max : 0));
  };
  on("GET", "/v1/domains", Scope::read, &DomainPages::list);
  on("POST", "/v1/domains", Scope::admin, &DomainPages::add, read_new_domain);
  on("GET", "/v1/domains/{name}", Scope::read, &DomainPages::show);
  on("DELETE", "/v1/domains/{name}", Scope::admin, &DomainPages::remove);
  on("POST", "/v1/domains/{name}/verify", Scope::admin, &DomainPages::verify, read_look);
  on("GET", "/v1/domains/{name}/keys", Scope::read, &DomainPages::keys);
  on("POST", "/v1/domains/{name}/keys", Scope::admin, &DomainPages::rotate, read_new_keys);
  on("POST", "/v1/domains/{name}/keys/{selector}/activate", Scope::admin, &DomainPages::activate,
     read_servers);
  on("POST", "/v1/domains/{name}/keys/{selector}/retire", Scope::admin, &DomainPages::retire,
     read_force);
}

io::Task<web::Response> DomainPages::answer(Step step, Read read, web::Request request) {
  Wanted wanted;
  wanted.key = Access::key_of(request);
  wanted.domain = request.parameters["name"];
  wanted.selector = request.parameters["selector"];
  std::vector<web::FieldProblem> problems;
  read_query(request, wanted, problems);
  if (auto refusal = refuse_any(problems)) co_return *std::move(refusal);
  if (read) {
    auto object = parse_object(request.body.empty() ? "{}" : request.body);
    if (!object) co_return std::move(object).error();
    Fields fields(*object, {}, problems);
    read(fields, wanted);
    fields.no_more();
    if (auto refusal = refuse_any(problems)) co_return *std::move(refusal);
  }
  if (ended_ || running_ >= running_max) {
    web::Response later = refuse(Problem::try_later, "Too many domains are looked at just now.");
    later.fields.emplace_back("Retry-After", "10");
    co_return later;
  }
  wanted.relay = services_.relay();
  ++running_;
  std::function<io::Task<Done>()> work = [this, step, &wanted] {
    return (this->*step)(std::move(wanted));
  };
  Done done = co_await remote_.run<Done>(services_.loop, std::move(work));
  --running_;
  if (done.changes_signing) co_await services_.take_up();
  co_return std::move(done.response);
}

// ---- on the thread of its own

Result<SendingDomain> DomainPages::load(const Wanted& wanted) const {
  auto domain = store_.load(wanted.domain);
  if (domain && !may_see(wanted.key, domain->domain))
    return failure(ErrorCode::not_found,
                   domain->domain + " is no domain that this key may send from");
  return domain;
}

// A file that cannot be read hides no other domain.
io::Task<DomainPages::Done> DomainPages::list(Wanted wanted) {
  auto names = store_.list();
  if (!names) co_return Done{failed(names.error())};
  json::array data;
  std::string last;
  bool has_more = false;
  for (auto name = std::upper_bound(names->begin(), names->end(), wanted.after);
       name != names->end() && !has_more; ++name) {
    if (!may_see(wanted.key, *name)) continue;
    has_more = data.size() == wanted.limit;
    if (has_more) break;
    last = *name;
    auto domain = store_.load(*name);
    if (domain)
      data.push_back(to_json(*domain));
    else
      data.push_back(json::object{{"domain", *name},
                                  {"keys", json::array()},
                                  {"problem", publish::text(domain.error().describe())}});
  }
  json::object page{{"object", "list"}, {"data", std::move(data)}, {"has_more", has_more}};
  if (has_more) page["next_after"] = last;
  co_return Done{in_json(page)};
}

io::Task<DomainPages::Done> DomainPages::show(Wanted wanted) {
  auto domain = load(wanted);
  if (!domain) co_return Done{failed(domain.error())};
  Done done;
  done.response = co_await plan_page(*std::move(domain), std::move(wanted.relay));
  co_return done;
}

io::Task<DomainPages::Done> DomainPages::add(Wanted wanted) {
  auto domain = domains::load_or_begin(store_, wanted.domain);
  if (!domain) co_return Done{failed(domain.error())};
  Result<void> kept = take_settings(wanted.settings, *domain);
  if (kept) kept = store_.store(*domain);
  io::AsioLoop& loop = thread_.loop();
  if (kept && domain->keys.empty())
    kept = make_keys(store_, *domain, wanted.key_type, loop.wall_now(), loop.rng());
  if (!kept) co_return Done{failed(kept.error())};
  Done done{{}, true};
  done.response = co_await plan_page(*std::move(domain), std::move(wanted.relay));
  co_return done;
}

io::Task<DomainPages::Done> DomainPages::remove(Wanted wanted) {
  auto domain = store_.load(wanted.domain);
  if (!domain) co_return Done{failed(domain.error())};
  if (signs(*domain) && !wanted.force)
    co_return Done{refuse(Problem::domain_conflict,
                          domain->domain + " signs its mail, and without its keys that ends for "
                                           "good. Say force=true if that is meant.")};
  Result<void> removed = store_.remove(domain->domain);
  if (!removed) co_return Done{failed(removed.error())};
  co_return Done{in_json(json::object{{"domain", domain->domain}, {"removed", true}}), true};
}

io::Task<DomainPages::Done> DomainPages::verify(Wanted wanted) {
  auto domain = store_.load(wanted.domain);
  if (!domain) co_return Done{failed(domain.error())};
  auto seen = co_await look(*domain, wanted);
  if (!seen) co_return Done{refuse(Problem::dns_silent, seen.error().message())};
  // Meanwhile somebody may have changed the domain.
  domain = store_.load(wanted.domain);
  if (!domain) co_return Done{failed(domain.error())};
  std::vector<std::string> activated;
  if (wanted.activate) {
    auto signing = sign_with_seen(store_, *domain, *seen, "", thread_.loop().wall_now());
    if (!signing) co_return Done{failed(signing.error())};
    activated = *std::move(signing);
  }
  json::object object = publish::verification_json(*seen);
  object["keys"] = keys_json(*domain);
  object["activated"] = publish::texts(activated);
  co_return Done{in_json(object), !activated.empty()};
}

io::Task<DomainPages::Done> DomainPages::keys(Wanted wanted) {
  auto domain = load(wanted);
  if (!domain) co_return Done{failed(domain.error())};
  co_return Done{in_json(json::object{{"domain", domain->domain}, {"keys", keys_json(*domain)}})};
}

io::Task<DomainPages::Done> DomainPages::rotate(Wanted wanted) {
  auto domain = store_.load(wanted.domain);
  if (!domain) co_return Done{failed(domain.error())};
  io::AsioLoop& loop = thread_.loop();
  auto made = rotate_keys(store_, *domain, wanted.key_type, loop.wall_now(), loop.rng());
  if (!made) co_return Done{failed(made.error())};
  Done done{{}, true};
  done.response = co_await plan_page(*std::move(domain), std::move(wanted.relay));
  co_return done;
}

io::Task<DomainPages::Done> DomainPages::activate(Wanted wanted) {
  auto domain = store_.load(wanted.domain);
  if (!domain) co_return Done{failed(domain.error())};
  const domains::DomainKey* key = domain->find(wanted.selector);
  if (!key) co_return Done{refuse(Problem::domain_not_found, domain->domain + " has no such key.")};
  if (key->state == domains::KeyState::retired)
    co_return Done{refuse(Problem::domain_conflict, "The key \"" + key->selector +
                                                        "\" is retired: make a new "
                                                        "one.")};
  if (key->state == domains::KeyState::prepared) {
    auto seen = co_await look(*domain, wanted);
    if (!seen) co_return Done{refuse(Problem::dns_silent, seen.error().message())};
    domain = store_.load(wanted.domain);
    if (!domain) co_return Done{failed(domain.error())};
    auto signing =
        sign_with_seen(store_, *domain, *seen, wanted.selector, thread_.loop().wall_now());
    if (!signing) co_return Done{failed(signing.error())};
    if (signing->empty())
      co_return Done{refuse(Problem::domain_conflict,
                            "Receivers do not see the record of the key \"" + wanted.selector +
                                "\" yet: mail that it signs would fail. Publish it first.")};
  }
  co_return Done{in_json(json::object{{"domain", domain->domain}, {"keys", keys_json(*domain)}}),
                 true};
}

io::Task<DomainPages::Done> DomainPages::retire(Wanted wanted) {
  auto domain = store_.load(wanted.domain);
  if (!domain) co_return Done{failed(domain.error())};
  const WallTime now = thread_.loop().wall_now();
  Result<void> done = end_signing(store_, *domain, wanted.selector, now);
  if (!done) co_return Done{failed(done.error())};
  // Not those whose time is over as well: a request is about one key.
  domains::Leaving leaving = leaving_of(*domain, wanted.selector, wanted.force, now);
  const auto is_other = [&](const domains::DomainKey& key) {
    return key.selector != wanted.selector;
  };
  std::erase_if(leaving.gone, is_other);
  std::erase_if(leaving.staying, is_other);
  for (const domains::DomainKey& key : leaving.gone)
    if (auto removed = store_.remove_key(*domain, key.selector); !removed)
      co_return Done{failed(removed.error()), true};
  json::object object = leaving_json(*domain, leaving);
  object["keys"] = keys_json(*domain);
  co_return Done{in_json(object), true};
}

// Where no name server answers, the page has the keys all the same, and says why there is no more.
io::Task<web::Response> DomainPages::plan_page(SendingDomain domain, domains::SendingRelay relay) {
  auto needs = needs_of(store_, domain, relay);
  if (!needs) co_return failed(needs.error());
  auto planned = co_await plan(*std::move(needs));
  json::object object;
  if (planned)
    object = publish::plan_json(*planned);
  else
    object = {{"domain", domain.domain},
              {"published", false},
              {"records", json::array()},
              {"problems", publish::texts({"What to publish depends on what is there, and that "
                                           "cannot be seen now: " +
                                           planned.error().message()})}};
  object["keys"] = keys_json(domain);
  co_return in_json(object);
}

io::Task<Result<publish::Plan>> DomainPages::plan(publish::Needs needs) {
  CO_TRY(auto names, Names::open(services_, thread_.loop()));
  const Instant deadline = thread_.loop().now() + patience;
  auto published = co_await publish::look_up_published(names->vantage().resolver, needs, deadline);
  if (!published) co_return tl::unexpected(std::move(published).error());
  co_return publish::make_plan(needs, *published);
}

io::Task<Result<publish::Verification>> DomainPages::look(const SendingDomain& domain,
                                                          const Wanted& wanted) {
  CO_TRY(publish::Needs needs, needs_of(store_, domain, wanted.relay));
  CO_TRY(auto names, Names::open(services_, thread_.loop()));
  const Instant deadline = thread_.loop().now() + patience;
  auto seen =
      co_await publish::verify(names->vantage(), std::move(needs), wanted.servers, deadline);
  co_return seen;
}

}  // namespace waypost::api
