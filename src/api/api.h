#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/access.h"
#include "api/address_pages.h"
#include "api/event_feed.h"
#include "api/explain_pages.h"
#include "api/key_pages.h"
#include "api/login_pages.h"
#include "api/mail_pages.h"
#include "api/metrics.h"
#include "api/overview_pages.h"
#include "api/provider_pages.h"
#include "api/queue_pages.h"
#include "api/sending.h"
#include "api/suppression_pages.h"
#include "io/timer.h"
#include "records/sent_requests.h"

namespace waypost::api {

// The relay over HTTP (docs/operate/api.md): the same mail, words and answers as over SMTP and on
// the command line. Thread: the loop's.
class Api {
 public:
  struct Services {
    io::Loop& loop;
    intake::Intake& intake;
    queue::Queue& queue;
    spool::Spool& spool;
    guard::Suppressions& suppressions;
    dns::Resolver& resolver;
    classify::Reader& replies;
    records::Keys& keys;
    io::Worker& keys_worker;
    io::Disk& disk;
    records::RecordPlaces places;
    Metrics::Relay relay;
    std::function<void(const std::string&)> trouble;        // a line for the log
    std::function<void(const std::string&)> refused_login;  // the same
    std::function<void(const std::string&)> keys_changed;   // the same
    submission::Clients& clients;
    std::function<unsigned()> messages_per_login_per_minute;
    std::optional<submission::LocalMailboxes> local;
    std::function<void(std::optional<std::string>)> keys_trouble;
    Front front;
    std::string hostname;
    std::string demo_admin;
    std::string demo_word;  // empty: nobody is logged in by a link
    bool captures = false;  // mail is shown, and none leaves
    ProviderPages::Pausing pausing = {};
    ProviderPages::Limiting limiting = {};
  };

  // Opens what it keeps. Blocks. After the queue was restored: what was under way when the process
  // ended is settled by what the queue holds.
  static Result<std::unique_ptr<Api>> open(Services services);

  // It outlives the router's server.
  void add_to(web::Router& router);

  // For routes of others.
  Access& access() { return access_; }

  void heard(const events::Event& event);

  // Before its server stops: whoever follows the events is let go.
  void close() { feed_.close(); }

  // At the end, when nothing is counted any more: writes down what a restart shall know.
  io::Task<void> stop() { return overview_.stop(); }

  // Before its server is destroyed with requests under way, when the loop runs no more: what works
  // for them aside has ended then.
  void finish() {
    worker_.finish();
    records_worker_.finish();
    admins_worker_.finish();
    passwords_worker_.finish();
  }

 private:
  Api(Services services, std::unique_ptr<records::SentRequests> sent,
      std::unique_ptr<records::Admins> admins, std::unique_ptr<records::Admins> passwords,
      std::string history_path);
  void forget_old();

  io::Loop& loop_;
  std::function<void(const std::string&)> trouble_;
  std::unique_ptr<records::SentRequests> sent_;
  std::unique_ptr<records::Admins> admins_;
  std::unique_ptr<records::Admins> passwords_;  // of the same file, for its own thread
  io::Worker worker_{"waypost-api"};
  io::Worker records_worker_{"waypost-apirec"};
  io::Worker admins_worker_{"waypost-admins"};
  io::Worker passwords_worker_{"waypost-passwd"};  // half a second for each
  Access access_;
  LoginPages logins_;
  Sending sending_;
  MailPages mail_;
  QueuePages queue_;
  SuppressionPages suppressions_;
  KeyPages keys_;
  AddressPages addresses_;
  ExplainPages explain_;
  EventFeed feed_;
  Metrics metrics_;
  OverviewPages overview_;
  ProviderPages providers_;
  io::Timer forgetting_;
};

// The document at /v1/openapi.json.
std::string_view openapi_document();

}  // namespace waypost::api
