#include "api/api.h"

#include <utility>

#include "api/problems.h"

namespace waypost::api {
namespace {

constexpr std::chrono::hours sent_requests_kept{24};
constexpr const char* history_file = "history";
constexpr Duration forgotten_every = std::chrono::minutes(10);

io::Task<web::Response> at_once(web::Response response) { co_return response; }

io::Task<web::Response> problem_page(web::Request request) {
  for (const ProblemPage& page : problem_pages())
    if (page.name == request.parameters["name"])
      co_return web::Response{
          .content_type = "text/plain; charset=utf-8",
          .body = std::string(page.title) + "\n\n" + std::string(page.words) + "\n"};
  co_return web::problem(404, "not-found", "There is nothing here", "No problem has this name.");
}

}  // namespace

Api::Api(Services services, std::unique_ptr<records::SentRequests> sent,
         std::unique_ptr<records::Admins> admins, std::unique_ptr<records::Admins> passwords,
         std::string history_path)
    : loop_(services.loop),
      trouble_(services.trouble),
      sent_(std::move(sent)),
      admins_(std::move(admins)),
      passwords_(std::move(passwords)),
      access_({services.loop, services.keys_worker, services.keys, std::move(services.keys_trouble),
               *admins_, admins_worker_, std::move(services.front)}),
      logins_({services.loop, access_, *admins_, admins_worker_, *passwords_, passwords_worker_,
               services.clients, std::move(services.hostname), std::move(services.demo_admin),
               std::move(services.demo_word), services.captures, services.refused_login}),
      sending_({services.loop, services.intake, services.spool, worker_, *sent_, services.trouble,
                services.clients, std::move(services.messages_per_login_per_minute),
                std::move(services.local)}),
      mail_({services.loop, services.queue, services.spool, services.replies, records_worker_,
             services.disk, std::move(services.places)}),
      queue_(services.loop, services.queue),
      suppressions_(services.loop, services.suppressions),
      keys_({services.loop, services.keys_worker, services.keys, std::move(services.keys_changed),
             access_}),
      addresses_(services.loop, services.resolver, services.suppressions),
      explain_(services.replies),
      feed_(services.loop, [this](Caller caller) { return access_.holds(std::move(caller)); }),
      metrics_({services.loop, services.queue, std::move(services.relay)}),
      overview_({services.loop,
                 services.queue,
                 services.replies,
                 {services.loop, records_worker_, services.disk, std::move(history_path),
                  services.trouble}}),
      providers_(services.loop, services.queue, std::move(services.pausing),
                 std::move(services.limiting)),
      forgetting_(services.loop.timers()) {
  forget_old();
}

Result<std::unique_ptr<Api>> Api::open(Services services) {
  TRY(auto sent, records::SentRequests::open(services.places.folder + "/requests.db"));
  const std::string admins_path = services.places.folder + "/" + records::admins_file;
  TRY(auto admins, records::Admins::open(admins_path));
  TRY(auto passwords, records::Admins::open(admins_path));
  std::string history_path = services.places.folder + "/" + history_file;
  const queue::Queue& queue = services.queue;
  TRY_VOID(sent->settle([&](const MessageId& id) { return queue.envelope(id) != nullptr; },
                        [&](const records::SentRequest& request) {
                          const auto envelope = queue.envelope(request.message);
                          return Sending::accepted_text(request.message, envelope->recipients,
                                                        envelope->not_before);
                        }));
  return std::unique_ptr<Api>(new Api(std::move(services), std::move(sent), std::move(admins),
                                      std::move(passwords), std::move(history_path)));
}

void Api::forget_old() {
  const WallTime until = loop_.wall_now() - sent_requests_kept;
  worker_.submit([this, until] {
    Result<void> forgotten = sent_->forget(until);
    if (!forgotten)
      trouble_("old requests with an Idempotency-Key are not forgotten: " +
               forgotten.error().describe());
  });
  forgetting_.start(loop_.now() + forgotten_every, [this] { forget_old(); });
}

void Api::add_to(web::Router& router) {
  logins_.add_to(router);
  sending_.add_to(router, access_);
  mail_.add_to(router, access_);
  queue_.add_to(router, access_);
  suppressions_.add_to(router, access_);
  keys_.add_to(router);
  addresses_.add_to(router, access_);
  explain_.add_to(router, access_);
  feed_.add_to(router, access_);
  metrics_.add_to(router, access_);
  overview_.add_to(router, access_);
  providers_.add_to(router, access_);
  router.on("GET", "/v1/problems/{name}", problem_page);
  router.on("GET", "/v1/openapi.json",
            [](web::Request) { return at_once({.body = std::string(openapi_document())}); });
}

void Api::heard(const events::Event& event) {
  metrics_.heard(event);
  overview_.heard(event);
  providers_.heard(event);
  feed_.heard(event);
}

}  // namespace waypost::api
