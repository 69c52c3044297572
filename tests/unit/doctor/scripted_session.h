#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dns/memory_resolver.h"
#include "doctor/walk.h"
#include "io/sim_network.h"
#include "io/sim_world.h"
#include "io/task_group.h"
#include "tests/fakes/memory_disk.h"
#include "tests/unit/doctor/filled.h"
#include "tls/context.h"

namespace waypost::doctor {

// A session with a server that answers by a script: what rungs 4 and 5 walk on.
class ScriptedSession : public testing::Test {
 protected:
  using Script = std::vector<std::pair<std::string, std::string>>;

  ScriptedSession() {
    world_.network().faults().tiny_pieces_share = 0;
    session_ = std::make_unique<Session>(Session{
        Conversation(client_, evidence_, connect()), "mail.example.com", {server_.host(), 587}});
    session_->encrypted = true;
    session_->certificate_holds = true;
    session_->hello = "client.example.org";
    session_->capabilities.auth_mechanisms = {"PLAIN", "LOGIN"};
    request_.host = "mail.example.com";
    request_.user = "ann@example.com";
    request_.password = Secret("correct horse");
  }

  // A reply for the first line that begins with each text; "" in its place: no answer, "close": the
  // connection ends.
  void script(Script script) { script_ = std::move(script); }

  RungResult login() { return run(walk_login(context_, request_, *session_)); }
  RungResult accept() { return run(walk_accept(context_, request_, *session_)); }

  // The ids that a result has, joined.
  static std::string ids(const RungResult& result) {
    std::string all;
    for (const Finding& finding : result.findings) all += (all.empty() ? "" : " ") + finding.id;
    return all;
  }
  bool heard(std::string_view start) const {
    for (const std::string& line : heard_)
      if (line.starts_with(start)) return true;
    return false;
  }
  std::string all_evidence() const {
    std::string all;
    for (const Evidence& one : evidence_.all()) all += one.text + "\n";
    return all;
  }

  RungResult run(io::Task<RungResult> task) {
    std::optional<RungResult> result;
    tasks_.start(keep(std::move(task), result));
    EXPECT_TRUE(
        world_.run_until([&] { return result.has_value(); }, world_.now() + std::chrono::hours(1)));
    return *std::move(result);
  }

  static io::Task<void> keep(io::Task<RungResult> task, std::optional<RungResult>& into) {
    RungResult result = co_await std::move(task);
    into.emplace(std::move(result));
  }

  std::unique_ptr<io::Stream> connect() {
    Endpoint at{server_.host(), 587};
    listener_ = *server_.network().listen(at, {});
    tasks_.start(serve());
    std::unique_ptr<io::Stream> stream;
    tasks_.start(open(at, stream));
    world_.run_until([&] { return stream != nullptr; }, world_.now() + std::chrono::hours(1));
    return stream;
  }

  io::Task<void> open(Endpoint at, std::unique_ptr<io::Stream>& stream) {
    auto opened = co_await client_.network().connect(at, {}, world_.now() + std::chrono::hours(1));
    stream = *std::move(opened);
  }

  io::Task<void> serve() {
    auto accepted = co_await listener_->accept();
    std::unique_ptr<io::Stream> stream = *std::move(accepted);
    std::string octets;
    std::array<char, 4096> buffer;
    bool in_content = false;
    while (true) {
      auto count = co_await stream->read(buffer, world_.now() + std::chrono::hours(2));
      if (!count || *count == 0) co_return;
      octets.append(buffer.data(), *count);
      for (size_t end; (end = octets.find("\r\n")) != std::string::npos;) {
        std::string line = octets.substr(0, end);
        octets.erase(0, end + 2);
        heard_.push_back(line);
        if (in_content && line != ".") continue;
        in_content = false;
        std::string answer = answer_to(line);
        if (answer == "close") co_return;
        in_content = answer.starts_with("354");
        if (answer.empty()) continue;
        auto written =
            co_await stream->write(answer + "\r\n", world_.now() + std::chrono::hours(1));
        if (!written) co_return;
      }
    }
  }

  std::string answer_to(const std::string& line) const {
    for (const auto& [start, answer] : script_)
      if (line.starts_with(start)) return answer;
    return "250 2.0.0 Ok";
  }

  io::SimWorld world_{7};
  io::SimProcess& client_ = world_.make_process(*IpAddress::parse("192.0.2.1"));
  io::SimProcess& server_ = world_.make_process(*IpAddress::parse("198.51.100.1"));
  fakes::MemoryDisk disk_;
  dns::MemoryResolver resolver_{client_};
  std::unique_ptr<tls::ClientContext> tls_ = *tls::ClientContext::create({}, disk_, world_);
  EvidenceLog evidence_{client_};
  Context context_{client_, client_.network(), disk_, resolver_, *tls_, nullptr, evidence_, {}};
  io::TaskGroup tasks_;
  std::unique_ptr<io::Listener> listener_;
  Script script_;
  std::vector<std::string> heard_;
  Request request_;
  std::unique_ptr<Session> session_;
};

}  // namespace waypost::doctor
