#pragma once

#include <functional>
#include <string>

#include "api/access.h"
#include "submission/clients.h"

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
    // Holds back who guesses, together with the logins of SMTP.
    submission::Clients& clients;
    std::string hostname;
    // Of a demo: who is logged in by the link with that word, once. Empty: this is none.
    std::string demo_admin;
    std::string demo_word;
    std::function<void(const std::string&)> trouble;  // a line for the log
  };
  explicit LoginPages(Services services) : services_(std::move(services)) {}

  void add_to(web::Router& router);

 private:
  struct Credentials;

  io::Task<web::Response> about(web::Request request);
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
  const bool is_demo_ = !services_.demo_word.empty();
  unsigned checking_ = 0;  // passwords
};

}  // namespace waypost::api
