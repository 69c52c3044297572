#include "daemon/doctor_pages.h"

#include <algorithm>
#include <array>
#include <deque>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/fields.h"
#include "api/problems.h"
#include "checks/catalogue.h"
#include "doctor/report_json.h"
#include "doctor/target.h"
#include "settings/providers.h"

namespace waypost::daemon {
namespace {

namespace json = boost::json;
using api::Problem;

constexpr uint64_t body_octets_max = 16 * 1024;
constexpr size_t name_octets_max = 320;
constexpr size_t password_octets_max = 4096;
constexpr size_t walks_max = 4;
constexpr Duration looked_every = std::chrono::milliseconds(100);
constexpr Duration heartbeat_every = std::chrono::seconds(10);
constexpr Duration allowed_for = std::chrono::seconds(1);

// Below 1024 only where mail is taken: whoever may use the dashboard may not look into every
// service that this machine can reach.
bool is_allowed(uint16_t port) {
  constexpr std::array<uint16_t, 5> of_mail{25, 26, 465, 587, 588};
  return port >= 1024 || std::find(of_mail.begin(), of_mail.end(), port) != of_mail.end();
}

std::string event_text(std::string_view name, const json::value& value) {
  return fmt::format("event: {}\ndata: {}\n\n", name, json::serialize(value));
}

// One for each session, and one for each key.
std::string walker(const api::Caller& caller) {
  return caller.session ? "session " + caller.session->csrf : "key " + caller.key->name;
}

tl::expected<doctor::Request, web::Response> parse(std::string_view body) {
  auto object = api::parse_object(body);
  if (!object) return tl::unexpected(std::move(object).error());
  std::vector<web::FieldProblem> problems;
  api::Fields fields(*object, {}, problems);
  const doctor::Target target = doctor::parse_target(fields.line("target", name_octets_max));
  doctor::Request request;
  request.host = target.host;
  request.port = target.port;
  request.to = fields.line("to", name_octets_max);
  request.user = fields.line("user", name_octets_max);
  std::string password = fields.text("password", password_octets_max);
  request.password = Secret::take(password);
  if (request.host.empty() && problems.empty())
    fields.note("target", "is missing: a server, with its port where it is another, or a domain");
  if (request.port && !is_allowed(*request.port))
    fields.note("target",
                "has a port that is none of mail: 25, 465, 587, and those from 1024 on are");
  if (request.user.empty() != request.password.empty())
    fields.note("password", "and user belong together");
  fields.no_more();
  if (auto refusal = api::refuse_any(problems)) return tl::unexpected(*std::move(refusal));
  if (const auto* provider = settings::provider_of_host(request.host, settings::known_providers()))
    request.provider = provider->id;
  return request;
}

}  // namespace

// What is told goes from its thread to the loop; the rest belongs to the loop.
struct DoctorPages::Walk {
  doctor::Request request;
  std::string walker;
  api::Caller caller;
  std::deque<std::string> told;
  bool done = false;
};

DoctorPages::DoctorPages(io::Loop& loop, SiteDoctor::Services services,
                         std::function<uint16_t()> mx_port)
    : loop_(loop),
      services_(std::move(services)),
      mx_port_(std::move(mx_port)),
      resolver_(dns::make_resolver(services_.names, thread_.loop())) {
  thread_.start();
}

void DoctorPages::end() {
  ended_ = true;
  thread_.end();
  remote_.drop();
}

void DoctorPages::add_to(web::Router& router, api::Access& access) {
  access_ = &access;
  router.on(
      "POST", "/v1/doctor",
      access.route(
          records::Scope::admin,
          [this](web::Request request) { return answer(std::move(request)); }, body_octets_max));
}

io::Task<web::Response> DoctorPages::answer(web::Request request) {
  auto wanted = parse(request.body);
  Secret::wipe(request.body);
  if (!wanted) co_return std::move(wanted).error();
  auto walk = std::make_shared<Walk>();
  walk->request = *std::move(wanted);
  walk->request.mx_port = mx_port_();
  walk->caller = api::Access::caller_of(request);
  walk->walker = walker(walk->caller);
  if (ended_ || busy_.size() >= walks_max || busy_.contains(walk->walker)) {
    web::Response later =
        api::refuse(Problem::try_later, busy_.contains(walk->walker)
                                            ? "Your last walk has not ended yet: one at a time."
                                            : "As many walks as may run at once run already.");
    later.fields.emplace_back("Retry-After", "10");
    co_return later;
  }
  busy_.insert(walk->walker);
  walks_.start(run(walk));
  web::Response response;
  response.content_type = "text/event-stream";
  response.stream = [this, walk](web::BodyStream& to) { return tell(walk, to); };
  co_return response;
}

io::Task<void> DoctorPages::run(std::shared_ptr<Walk> walk) {
  std::function<io::Task<void>()> work = [this, walk] { return climb(walk); };
  co_await remote_.run(loop_, std::move(work));
  walk->done = true;
  busy_.erase(walk->walker);
}

io::Task<void> DoctorPages::climb(std::shared_ptr<Walk> walk) {
  io::AsioLoop& own = thread_.loop();
  if (!obsolete_tls_) {
    tls::ClientOptions options{tls::Verification::opportunistic, services_.ca_file};
    options.obsolete_too = true;
    auto made = tls::ClientContext::create(options, services_.disk, own.clock());
    if (made) obsolete_tls_ = *std::move(made);
  }
  doctor::EvidenceLog evidence(own);
  doctor::Context context{own,
                          own.network(),
                          services_.disk,
                          *resolver_,
                          services_.tls,
                          obsolete_tls_.get(),
                          evidence,
                          name_servers(services_.disk, services_.resolver)};
  context.may_visit = is_allowed;
  const auto say = [this, walk](json::object object) {
    auto text = std::make_shared<std::string>(event_text("doctor", object));
    loop_.post([walk, text] { walk->told.push_back(std::move(*text)); });
  };
  const checks::Catalogue& catalogue = checks::shipped_catalogue();
  std::function<void(const doctor::RungResult&)> on_rung =
      [&say, &catalogue](const doctor::RungResult& result) {
        say(doctor::rung_json(result, catalogue));
      };
  doctor::Report report =
      co_await doctor::walk(context, std::move(walk->request), std::move(on_rung));
  json::object whole = doctor::report_json(report, catalogue);
  whole["event"] = "report";
  say(std::move(whole));
}

// A client that goes away, or may not ask any more, leaves its walk to its end, which its deadlines
// bring about.
io::Task<void> DoctorPages::tell(std::shared_ptr<Walk> walk, web::BodyStream& to) {
  std::string text = ": a walk takes up to two minutes\n\n";
  Instant said = loop_.now();
  Instant asked = loop_.now();
  for (bool done = false; !done;) {
    done = walk->done || ended_;
    for (; !walk->told.empty(); walk->told.pop_front()) text += walk->told.front();
    if (done) text += event_text("end", json::object());
    if (text.empty() && loop_.now() - said >= heartbeat_every) text = ": still walking\n\n";
    if (!text.empty()) {
      Result<void> written = co_await to.write(std::exchange(text, {}));
      if (!written) co_return;
      said = loop_.now();
    }
    if (!done) co_await io::sleep_until(loop_, loop_.now() + looked_every);
    if (loop_.now() - asked < allowed_for) continue;
    asked = loop_.now();
    const bool may_hear = co_await access_->holds(walk->caller);
    if (!may_hear) co_return;
  }
}

}  // namespace waypost::daemon
