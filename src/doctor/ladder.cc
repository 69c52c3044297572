#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "doctor/demands.h"
#include "doctor/inbox_rung.h"
#include "doctor/name_questions.h"
#include "doctor/rungs.h"
#include "doctor/trial.h"
#include "doctor/walk.h"
#include "io/task_group.h"

namespace waypost::doctor {
namespace {

constexpr std::chrono::seconds goodbye_patience{1};
constexpr std::chrono::seconds service_patience{5};
constexpr size_t services_visited_max = 2;
constexpr size_t next_hosts_tried_max = 2;

RungResult skipped(Rung rung) {
  RungResult result;
  result.rung = rung;
  result.line = "not tried";
  return result;
}

bool passed(const RungResult& result) {
  return result.status == RungStatus::pass || result.status == RungStatus::warn;
}

class Ladder {
 public:
  Ladder(Context& context, Request request, std::function<void(const RungResult&)> on_rung)
      : context_(context), request_(std::move(request)), on_rung_(std::move(on_rung)) {}

  io::Task<Report> run();

 private:
  io::Task<void> climb();
  io::Task<RungResult> connect();
  bool turn_to_next_host();
  io::Task<void> climb_on(Session& session);
  io::Task<void> visit(Service service, std::string& line);
  io::Task<void> visit_services(RungResult& rung);
  void add(RungResult result) {
    if (on_rung_) on_rung_(result);
    report_.rungs.push_back(std::move(result));
  }

  Context& context_;
  Request request_;
  std::function<void(const RungResult&)> on_rung_;
  Ground ground_;
  Report report_;
};

bool Ladder::turn_to_next_host() {
  if (ground_.next_mail_hosts.empty()) return false;
  MailHost next = std::move(ground_.next_mail_hosts.front());
  ground_.next_mail_hosts.erase(ground_.next_mail_hosts.begin());
  ground_.host = std::move(next.name);
  ground_.v4 = std::move(next.v4);
  ground_.v6 = std::move(next.v6);
  ground_.port = 0;
  return true;
}

// Senders go on to the next mail host of a domain where one takes no connection (RFC 5321 §5.1).
io::Task<RungResult> Ladder::connect() {
  const MailHost first{ground_.host, ground_.v4, ground_.v6};
  RungResult result = co_await walk_connect(context_, request_, ground_);
  std::vector<std::string> silent{ground_.host};
  while (!ground_.connected && silent.size() <= next_hosts_tried_max && turn_to_next_host()) {
    RungResult next = co_await walk_connect(context_, request_, ground_);
    next.took += result.took;
    if (!ground_.connected) {
      result.took = next.took;
      silent.push_back(ground_.host);
      continue;
    }
    Finding found;
    found.id = "M2025";
    found.severity = Severity::warning;
    found.parameters = ground_.parameters();
    found.parameters["name"] = fmt::format("{}", fmt::join(silent, ", "));
    found.observed = fmt::format("{}: {}", silent.front(), result.line);
    next.line = fmt::format("{} answers; another mail host does not", ground_.host);
    next.add(std::move(found));
    co_return next;
  }
  if (silent.size() == 1) co_return result;
  // None of them: the first is the one to mend.
  ground_.host = first.name;
  ground_.v4 = first.v4;
  ground_.v6 = first.v6;
  if (!result.findings.empty())
    result.findings.front().notes.push_back(
        fmt::format("Tried after it, and not reached either: {}.",
                    fmt::join(silent.begin() + 1, silent.end(), ", ")));
  co_return result;
}

// Each rung only when the one below holds; a dead address family is the one exception.
io::Task<void> Ladder::climb() {
  RungResult name = co_await walk_name(context_, request_, ground_);
  bool goes_on = passed(name);
  co_await visit_services(name);
  add(std::move(name));
  if (!goes_on) co_return;
  RungResult connect = co_await this->connect();
  if (!ground_.connected) {
    add(std::move(connect));
    co_return;
  }
  RungResult secured = co_await walk_tls(context_, request_, ground_, connect);
  bool reached = secured.status != RungStatus::skipped;
  add(std::move(connect));
  if (!reached) co_return;
  if (ground_.session && ground_.mail_exchanger)
    co_await judge_demands(context_, request_, ground_, secured);
  const bool holds = ground_.session && secured.status != RungStatus::fail;
  add(std::move(secured));
  if (holds) co_await climb_on(*ground_.session);
}

// Over a session that is secured as the settings say.
io::Task<void> Ladder::climb_on(Session& session) {
  if (ground_.mail_exchanger) {
    request_.mail_exchanger = true;
    request_.host = ground_.domain;
  }
  RungResult login = co_await walk_login(context_, request_, session);
  bool skipped_login = login.status == RungStatus::skipped;
  bool goes_on = skipped_login || passed(login);
  if (!skipped_login) login.line += ground_.over;
  add(std::move(login));
  if (!goes_on) co_return;
  RungResult accept = co_await walk_accept(context_, request_, session);
  if (accept.status != RungStatus::skipped) accept.line += ground_.over;
  goes_on = passed(accept);
  add(std::move(accept));
  if (!goes_on) co_return;
  RungResult inbox = co_await walk_inbox(context_, request_, session);
  add(std::move(inbox));
}

// "smtp.example.com:587 (starttls) works"
io::Task<void> Ladder::visit(Service service, std::string& line) {
  line = fmt::format("{}:{} ({})", service.host, service.port, name(service.encryption));
  if (context_.may_visit && !context_.may_visit(service.port)) {
    line += " was not tried: that is no port of mail";
    co_return;
  }
  Both both = co_await look_up(context_, service.host, request_.family);
  std::vector<IpAddress> addresses = both.all();
  if (addresses.empty()) {
    line += " has no address";
    co_return;
  }
  Endpoint at{addresses.front(), service.port};
  Trial trial = co_await try_way(context_, service.host, at, service.encryption, service_patience);
  line += trial.works ? " works" : " does not work: " + trial.words;
}

// Beside the mail hosts of a domain, where its own users hand in their mail, as it says itself.
io::Task<void> Ladder::visit_services(RungResult& rung) {
  if (!ground_.mail_exchanger || ground_.domain.empty()) co_return;
  std::vector<Service> services = co_await look_up_services(context_, ground_.domain);
  std::vector<std::string> lines(std::min(services.size(), services_visited_max));
  io::TaskGroup visits;
  for (size_t i = 0; i < lines.size(); ++i) visits.start(visit(services[i], lines[i]));
  co_await visits.join();
  if (!lines.empty()) rung.add_list("submission", std::move(lines));
}

io::Task<Report> Ladder::run() {
  report_.started = context_.loop.wall_now();
  report_.with_login = !request_.user.empty();
  context_.evidence.withhold(request_.password.reveal());
  co_await climb();
  if (ground_.session) {
    auto answer = co_await ground_.session->conversation.ask("QUIT", goodbye_patience);
    static_cast<void>(answer);
    ground_.session.reset();
  }
  while (report_.rungs.size() < static_cast<size_t>(Rung::inbox))
    add(skipped(static_cast<Rung>(report_.rungs.size() + 1)));
  report_.target_host = ground_.host;
  report_.domain = ground_.domain;
  report_.target_port = ground_.port;
  report_.encryption = ground_.encryption;
  report_.evidence = context_.evidence.all();
  report_.effects = context_.effects;
  co_return std::move(report_);
}

}  // namespace

io::Task<Report> walk(Context& context, Request request,
                      std::function<void(const RungResult&)> on_rung) {
  Ladder ladder(context, std::move(request), std::move(on_rung));
  co_return co_await ladder.run();
}

}  // namespace waypost::doctor
