#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "submission/server.h"
#include "tests/fakes/smtp_dialogue.h"

namespace waypost::submission {

using fakes::MemoryStream;

// Connections come when a test says so.
class ScriptedListener final : public io::Listener {
 public:
  io::Task<Result<std::unique_ptr<io::Stream>>> accept() override {
    ++accepts;
    if (coming_.empty() && !closed_) {
      io::Completion<bool> woken;
      waiting_ = &woken;
      co_await woken;
    }
    if (closed_) co_return failure(ErrorCode::cancelled, "closed");
    Result<std::unique_ptr<io::Stream>> next = std::move(coming_.front());
    coming_.pop_front();
    co_return next;
  }
  void close() override {
    closed_ = true;
    wake();
  }
  Endpoint local() const override { return {}; }

  void bring(Result<std::unique_ptr<io::Stream>> next) {
    coming_.push_back(std::move(next));
    wake();
  }
  int accepts = 0;

 private:
  void wake() {
    if (waiting_) std::exchange(waiting_, nullptr)->complete(true);
  }
  std::deque<Result<std::unique_ptr<io::Stream>>> coming_;
  io::Completion<bool>* waiting_ = nullptr;
  bool closed_ = false;
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    settings_.hostname = "relay.example.net";
    settings_.trusted_networks = {*IpPrefix::parse("192.0.2.0/24")};
  }
  Server& start(TlsMode tls_mode = TlsMode::starttls) {
    server_.emplace(settings_, Services{loop_, intake_, clients_, nullptr, nullptr});
    auto listener = std::make_unique<ScriptedListener>();
    listener_ = listener.get();
    server_->add_listener(std::move(listener), tls_mode);
    server_->start();
    loop_.settle();
    return *server_;
  }
  std::unique_ptr<MemoryStream> connect(const std::string& from) {
    auto [near, far] = MemoryStream::make_pair(loop_, 1 << 20);
    near->set_peer({*IpAddress::parse(from), 50000});
    listener_->bring(std::unique_ptr<io::Stream>(std::move(near)));
    loop_.settle();
    return std::move(far);
  }
  std::string receive(MemoryStream& client) {
    std::string all;
    std::string buffer(65536, '\0');
    while (true) {
      Result<size_t> got = loop_.run(client.read(buffer, loop_.now()));
      if (!got || *got == 0) return all + (got ? "(closed)" : "");
      all.append(buffer, 0, *got);
    }
  }
  std::string ask(MemoryStream& client, const std::string& octets) {
    static_cast<void>(loop_.run(client.write(octets, loop_.now())));
    loop_.settle();
    return receive(client);
  }

  fakes::VirtualLoop loop_;
  spool::SpoolMedium medium_{{.sync_time = Duration(0)}};
  spool::MemoryStore store_{medium_, loop_};
  std::unique_ptr<spool::Spool> spool_ = spool::make_spool(store_, loop_);
  fakes::RecordingSink sink_;
  intake::Intake intake_{{loop_, *spool_, sink_, {}, {}, {}}, {}, "relay.example.net"};
  Settings settings_;
  Clients clients_;
  std::optional<Server> server_;
  ScriptedListener* listener_ = nullptr;
};

}  // namespace waypost::submission
