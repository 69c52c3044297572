#pragma once

#include <functional>
#include <set>
#include <string>

#include "api/access.h"
#include "submission/clients.h"
#include "submission/guesses.h"

namespace waypost::api {

// /v1/session: logging in to the dashboard, and out; and GET /v1/about, which the login page needs.
// Thread: the loop's.
class LoginPages {
 public:
  struct Services {
    io::Loop& loop;
    Access& access;
    records::Admins& admins;
    io::Worker& admins_worker;
    // The same people, where a check of a password keeps nobody else waiting.
    records::Admins& passwords;
    io::Worker& passwords_worker;
    submission::Clients& clients;  // of SMTP: how often a wrong login is worth a line in the log
    std::string hostname;
    // Of a demo or a capture: who is logged in by the link with that word, once. Empty: this is
    // none.
    std::string demo_admin;
    std::string demo_word;
    bool captures = false;
    std::function<void(const std::string&)> trouble;  // a line for the log
  };
  explicit LoginPages(Services services) : services_(std::move(services)) {}

  void add_to(web::Router& router);

 private:
  struct Credentials;

  io::Task<web::Response> about(web::Request request);
  io::Task<bool> needs_admin();
  io::Task<web::Response> show(web::Request request);
  io::Task<web::Response> log_in(web::Request request);
  io::Task<web::Response> log_out(web::Request request);
  io::Task<web::Response> enter(web::Request request);
  web::Response welcome(const web::Request& request, const records::Admin& admin);
  io::Task<web::Response> check(web::Request request, Credentials credentials);
  web::Response refuse_login(const std::string& user, const IpAddress& client);
  web::Response session_page(const Session& session) const;
  std::string cookie_field(const web::Request& request, const std::string& token) const;

  Services services_;
  const bool has_link_ = !services_.demo_word.empty();
  // Apart from those of SMTP: what stands before the relay says who asks, and may lie.
  submission::Guesses guesses_;
  std::multiset<IpAddress> checking_;  // the networks whose passwords are being checked
  bool needs_admin_ = false;           // as it was read last
  Instant needs_admin_until_{};
};

}  // namespace waypost::api
