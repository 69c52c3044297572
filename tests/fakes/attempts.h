#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "delivery/deliverer.h"
#include "dns/memory_resolver.h"
#include "io/sim_network.h"
#include "io/sim_world.h"
#include "spool/batch_store.h"
#include "spool/memory_store.h"
#include "tests/fakes/memory_disk.h"
#include "tls/self_signed.h"

namespace waypost::fakes {

// Secrets by the path of their file.
class MemorySecrets final : public delivery::Secrets {
 public:
  std::map<std::string, std::string> files;

  io::Task<Result<Secret>> read(std::string path) override {
    auto file = files.find(path);
    if (file == files.end()) co_return failure(ErrorCode::not_found, "there is no file " + path);
    co_return Secret(file->second);
  }
};

// The real deliverer in a simulated world: "x.test" has the mail host "mx.x.test", which is
// `there`. Whoever plays that host has a certificate for it that the deliverer trusts.
class Attempts {
 public:
  using Outcomes = std::vector<events::Outcome>;

  Attempts() {
    resolver.add_mx("x.test", 10, "mx.x.test");
    resolver.add_address("mx.x.test", there.host());
    world.network().faults().tiny_pieces_share = 0;
    settings.hostname = "relay.test";
    settings.tls = delivery::TlsPolicy::never;
    disk.files["ca.pem"] = key_pair().certificate_pem;
    opportunistic_tls =
        *tls::ClientContext::create({tls::Verification::opportunistic, "ca.pem"}, disk, world);
    verifying_tls =
        *tls::ClientContext::create({tls::Verification::required, "ca.pem"}, disk, world);
  }

  // Made with `settings` at its first use.
  delivery::Deliverer& deliverer() {
    if (!deliverer_)
      deliverer_ = std::make_unique<delivery::Deliverer>(
          delivery::Deliverer::Dependencies{
              here, *network, resolver, *opportunistic_tls, verifying_tls.get(), *spool, &secrets,
              [this](events::Event event) { told.push_back(std::move(event)); }},
          settings);
    return *deliverer_;
  }

  // The next use makes another.
  void forget_deliverer() { deliverer_.reset(); }

  // One message, and all the time that it takes; `change` has a say in the envelope first,
  // and a size there is added to the real one.
  Outcomes attempt(std::vector<std::string> recipients, Duration time = std::chrono::minutes(40)) {
    Outcomes outcomes;
    tasks.start(carry(std::move(recipients), outcomes));
    world.run_for(time);
    return outcomes;
  }

  io::Task<void> carry(std::vector<std::string> recipients, Outcomes& outcomes) {
    spool::Envelope envelope = envelope_for(recipients);
    if (change) change(envelope);
    std::vector<spool::Chunk> chunks;
    chunks.push_back({0, header});
    chunks.push_back({1, body});
    envelope.chunks = 2;
    envelope.size_octets += header.size() + body.size();
    Result<void> committed = co_await spool->commit(envelope, std::move(chunks));
    EXPECT_TRUE(committed);
    delivery::Order order;
    for (uint32_t i = 0; i < envelope.recipients.size(); ++i) order.recipients.push_back(i);
    order.domain = envelope.recipients.front().domain;
    order.envelope = std::make_shared<const spool::Envelope>(std::move(envelope));
    order.site = site.empty() ? "mx." + order.domain : site;
    order.urgent = urgent;
    order.connections_max = site_connections_max;
    order.messages_per_connection_max = 10;
    order.turn = turn;
    order.connecting = connecting;
    order.settle = [&outcomes](Outcomes came) {
      outcomes = std::move(came);
      return at_once();
    };
    co_await deliverer().attempt(std::move(order));
  }

  spool::Envelope envelope_for(const std::vector<std::string>& recipients) {
    spool::Envelope envelope;
    std::array<uint8_t, 10> random{};
    random[9] = ++ids;
    envelope.id = MessageId::make(here.wall_now(), random);
    envelope.sender = smtp::Mailbox{"app", "example.com"};
    for (const std::string& recipient : recipients) {
      size_t at = recipient.rfind('@');
      envelope.recipients.push_back({recipient.substr(0, at), recipient.substr(at + 1)});
    }
    envelope.expires_at = here.wall_now() + std::chrono::hours(1);
    return envelope;
  }

  static io::Task<void> at_once() { co_return; }
  static io::Task<std::optional<std::string>> answer_with(std::optional<std::string> why_not) {
    co_return why_not;
  }

  static const tls::KeyPair& key_pair() {
    static const tls::KeyPair pair = [] {
      io::SimWorld world{1};  // whose time the certificate must suit
      return *tls::make_self_signed({"mx.x.test", "10.0.0.2"}, std::chrono::days(30), world);
    }();
    return pair;
  }

  io::SimWorld world{7};
  io::SimProcess& here = world.make_process(IpAddress::v4({10, 0, 0, 1}));
  io::SimProcess& there = world.make_process(IpAddress::v4({10, 0, 0, 2}));
  dns::MemoryResolver resolver{here};
  io::Network* network = &here.network();  // of the deliverer
  MemoryDisk disk;
  std::unique_ptr<tls::ClientContext> opportunistic_tls;
  std::unique_ptr<tls::ClientContext> verifying_tls;
  MemorySecrets secrets;
  spool::SpoolMedium medium;
  spool::MemoryStore store{medium, here};
  std::unique_ptr<spool::Spool> spool = spool::make_spool(store, here);
  delivery::Settings settings;
  std::string header = "Subject: x\r\n";
  std::string body = "\r\nHello\r\n.hidden\r\n";
  std::function<void(spool::Envelope&)> change;
  std::vector<events::Event> told;  // what the deliverer told
  delivery::Permission turn = [] { return answer_with({}); };
  delivery::Permission connecting;  // empty: nobody is asked
  std::string site;                 // of all domains; empty: each has its own
  unsigned site_connections_max = 1;
  bool urgent = false;
  uint8_t ids = 0;

 private:
  std::unique_ptr<delivery::Deliverer> deliverer_;

 public:
  io::TaskGroup tasks;
};

}  // namespace waypost::fakes
