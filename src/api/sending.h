#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "api/access.h"
#include "api/email_request.h"
#include "intake/intake.h"
#include "io/loop.h"
#include "io/worker.h"
#include "records/sent_requests.h"
#include "submission/clients.h"
#include "submission/permissions.h"

namespace waypost::api {

// POST /v1/emails and /v1/emails/batch. What is answered with 2xx is on stable storage, and went
// the same way in as mail by SMTP. Thread: the loop's.
class Sending {
 public:
  struct Services {
    io::Loop& loop;
    intake::Intake& intake;
    const spool::Spool& spool;
    io::Worker& worker;  // reads large requests, and waits for the disk
    records::SentRequests& sent;
    std::function<void(const std::string&)> trouble;  // a line for the log
    submission::Clients& clients;                     // count messages of SMTP and HTTP together
    std::function<unsigned()> messages_per_login_per_minute;  // 0: any number
    std::optional<submission::LocalMailboxes> local = {};
  };
  explicit Sending(Services services) : services_(std::move(services)) {}

  void add_to(web::Router& router, Access& access);

  // What accepts a message, as it is answered.
  static std::string accepted_text(const MessageId& id, const std::vector<smtp::Mailbox>& to,
                                   WallTime scheduled_at);

 private:
  using Accepted = tl::expected<MessageId, web::Response>;
  using Committed = std::function<io::Task<void>()>;
  using Checked = tl::expected<std::vector<Email>, web::Response>;

  io::Task<web::Response> send_one(web::Request request);
  io::Task<web::Response> send_batch(web::Request request);
  io::Task<web::Response> send_named(web::Request request, Email email, std::string name);
  io::Task<Checked> read(const web::Request& request, bool is_batch);
  // The times that were asked for become those that are waited for; the refusal of those that
  // cannot be.
  std::optional<web::Response> settle_schedules(std::vector<Email>& emails, bool is_batch) const;
  // Whether the key may send as its sender, and whether its addresses can be written.
  std::optional<web::Response> refuse_parties(const records::Key& key, const Email& email) const;
  std::optional<smtp::Reply> refuse_local(const smtp::Mailbox& recipient) const;
  std::optional<web::Response> refuse_pace(const records::Key& key);
  io::Task<Accepted> take_in(const web::Request& request, Email email, std::optional<MessageId> id,
                             Committed committed);
  io::Task<void> take_in_one(const web::Request& request, Email email, std::string& answer);
  io::Task<void> keep_answer(const records::SentRequest& sent, const std::string& answer);
  io::Task<void> keep_rest();
  io::Task<void> release(const records::SentRequest& sent);
  MessageId new_id();

  struct Unkept {
    records::SentRequest request;
    std::string answer;
  };

  Services services_;
  // Answers that could not be written down, by key and name.
  std::map<std::pair<std::string, std::string>, Unkept> unkept_;
};

}  // namespace waypost::api
