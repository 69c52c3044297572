#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dns/memory_resolver.h"
#include "dns/message.h"
#include "doctor/short_walk.h"
#include "doctor/walk.h"
#include "io/sim_network.h"
#include "io/sim_world.h"
#include "io/task_group.h"
#include "tests/fakes/memory_disk.h"
#include "tls/self_signed.h"
#include "tls/tls_stream.h"

namespace waypost::doctor {

// How a scripted server behaves on one port.
struct Script {
  std::string greeting = "220 smtp.example.com ESMTP\r\n";
  std::vector<std::string> extensions = {"STARTTLS", "AUTH PLAIN LOGIN"};
  std::vector<std::string> extensions_in_tls = {};  // empty: the same
  std::string starttls = "220 2.0.0 Ready\r\n";
  bool tls_at_once = false;
  bool silent = false;          // accepts and says nothing, ever
  bool closes = false;          // accepts and closes
  Duration delay{0};            // before the greeting
  Duration between_octets{0};   // of the greeting
  size_t greeting_octets = -1;  // that are ever sent
  bool ehlo_lost = false;
  std::string hello;           // the answer to EHLO and HELO in place of a list; "close": none
  std::string lmtp_hello;      // the answer to LHLO in place of "250"
  std::string for_handshake;   // octets in the place of a handshake behind STARTTLS
  bool silent_in_tls = false;  // no answer to what comes after a handshake
};

// A simulated street: our machine, a mail host with an IPv4 and an IPv6 address, a name server, and
// what the doctor finds there.
class Street {
 public:
  static constexpr const char* host = "smtp.example.com";

  Street() {
    pair_ = *tls::make_self_signed({host}, std::chrono::days(90), world_);
    trust(pair_.certificate_pem);
    show(pair_);
    names.add_address(host, v4);
    names.add_address(host, v6);
    client.add_address(*IpAddress::parse("2001:db8::1"));
  }

  void trust(const std::string& pem) { disk.files["ca.pem"] = pem; }
  void show(const tls::KeyPair& pair) {
    certificate_ = *tls::ServerContext::from_pem(pair.certificate_pem, pair.key_pem);
  }

  // On both addresses of the host.
  void serve(uint16_t port, Script script) {
    scripts_[port] = std::move(script);
    for (auto* process : {&mail_v4, &mail_v6}) {
      auto listener = process->network().listen({process->host(), port}, {});
      ASSERT_TRUE_(listener.has_value());
      listeners_.push_back(*std::move(listener));
      servers_.start(accept_all(*listeners_.back(), scripts_[port], *process));
    }
  }
  // At one address alone.
  void serve_at(io::SimProcess& process, uint16_t port, Script script) {
    auto listener = process.network().listen({process.host(), port}, {});
    CHECK(listener);
    own_scripts_.push_back(std::make_unique<Script>(std::move(script)));
    listeners_.push_back(*std::move(listener));
    servers_.start(accept_all(*listeners_.back(), *own_scripts_.back(), process));
  }
  void serve_usual() {
    serve(587, {});
    Script implicit;
    implicit.tls_at_once = true;
    implicit.extensions = {"AUTH PLAIN LOGIN"};
    serve(465, implicit);
  }
  // Response codes with and without checking disabled, over TCP.
  void serve_names(int checked, int unchecked) {
    auto listener = name_host.network().listen({name_host.host(), 53}, {});
    listeners_.push_back(*std::move(listener));
    servers_.start(answer_questions(*listeners_.back(), checked, unchecked));
  }

  // What the name server says, over TCP, to a question for the alias of a name.
  std::map<std::string, std::string> aliases;
  std::vector<Endpoint> name_servers{{*IpAddress::parse("192.0.2.53"), 53}};
  // Before each of its answers over TCP.
  Duration names_delay{0};
  // To this name alone it never says anything.
  std::string unanswered;

  Report walk(Request request) {
    return walk_by(
        [](Context& context, Request asked) { return doctor::walk(context, std::move(asked), {}); },
        std::move(request));
  }
  Report walk_to_tls(Request request) { return walk_by(doctor::walk_to_tls, std::move(request)); }
  Report walk_by(const std::function<io::Task<Report>(Context&, Request)>& way, Request request) {
    tls::ClientOptions options{tls::Verification::opportunistic, "ca.pem"};
    auto tls = *tls::ClientContext::create(options, disk, world_);
    options.obsolete_too = true;
    auto obsolete = *tls::ClientContext::create(options, disk, world_);
    options = {tls::Verification::required, "ca.pem"};
    auto verifying = *tls::ClientContext::create(options, disk, world_);
    EvidenceLog evidence(client);
    Context context{client, client.network(), disk,     names,
                    *tls,   obsolete.get(),   evidence, name_servers};
    context.verifying_tls = verifying.get();
    context.may_visit = may_visit;
    if (request.host.empty()) request.host = host;
    std::optional<Report> report;
    io::TaskGroup group;
    group.start(keep(way(context, std::move(request)), report));
    world_.run_until([&] { return report.has_value(); }, world_.now() + std::chrono::minutes(10));
    CHECK(report);
    return *std::move(report);
  }

  io::SimWorld& world() { return world_; }
  std::function<bool(uint16_t)> may_visit = {};
  const std::string& heard() const { return heard_; }

  const IpAddress v4 = *IpAddress::parse("203.0.113.10");
  const IpAddress v6 = *IpAddress::parse("2001:db8::10");

 private:
  static void ASSERT_TRUE_(bool good) { CHECK(good); }
  static io::Task<void> keep(io::Task<Report> task, std::optional<Report>& into) {
    into.emplace(co_await std::move(task));
  }

  io::Task<void> accept_all(io::Listener& listener, const Script& script, io::SimProcess& process) {
    while (true) {
      auto stream = co_await listener.accept();
      if (!stream) co_return;
      servers_.start(converse(*std::move(stream), script, process));
    }
  }

  static io::Task<Result<std::string>> read_line(io::Stream& stream, std::string& buffer,
                                                 Instant deadline) {
    std::array<char, 512> piece;
    while (buffer.find('\n') == std::string::npos) {
      CO_TRY(size_t got, co_await stream.read(piece, deadline));
      if (got == 0) co_return failure(ErrorCode::peer_gone, "end");
      buffer.append(piece.data(), got);
    }
    std::string line = buffer.substr(0, buffer.find('\n') + 1);
    buffer.erase(0, line.size());
    co_return line;
  }

  static io::Task<Result<void>> greet(io::Stream& stream, const Script& script,
                                      io::SimProcess& process, Instant deadline) {
    if (script.between_octets == Duration(0))
      co_return co_await stream.write(script.greeting, deadline);
    for (size_t i = 0; i < script.greeting.size(); ++i) {
      if (i >= script.greeting_octets) co_await io::sleep_until(process, deadline);
      CO_TRY_VOID(co_await stream.write(script.greeting.substr(i, 1), deadline));
      co_await io::sleep_until(process, process.now() + script.between_octets);
    }
    co_return Result<void>();
  }

  // Says it, and waits for the other end to go.
  static io::Task<Result<size_t>> end_with(io::Stream& stream, std::string octets,
                                           Instant deadline) {
    CO_TRY_VOID(co_await stream.write(octets, deadline));
    std::array<char, 64> rest;
    co_return co_await stream.read(rest, deadline);
  }

  io::Task<void> converse(std::unique_ptr<io::Stream> stream, const Script& script,
                          io::SimProcess& process) {
    Instant deadline = process.now() + std::chrono::minutes(5);
    if (script.closes) co_return;
    if (script.silent) {
      std::string nothing;
      auto line = co_await read_line(*stream, nothing, deadline);
      co_return;
    }
    if (script.tls_at_once) {
      auto secured = co_await tls::accept(std::move(stream), *certificate_, deadline);
      if (!secured) co_return;
      stream = *std::move(secured);
    }
    if (script.delay > Duration(0)) co_await io::sleep_until(process, process.now() + script.delay);
    auto written = co_await greet(*stream, script, process, deadline);
    std::string buffer;
    bool secured = script.tls_at_once;
    while (written) {
      auto line = co_await read_line(*stream, buffer, deadline);
      if (!line) co_return;
      heard_ += *line;
      std::string answer = "250 2.0.0 Ok\r\n";
      if (line->starts_with("EHLO")) {
        if (script.ehlo_lost || (secured && script.silent_in_tls)) continue;
        answer = "250-smtp.example.com\r\n";
        const bool has_own = secured && !script.extensions_in_tls.empty();
        for (const std::string& extension : has_own ? script.extensions_in_tls : script.extensions)
          if (!secured || extension != "STARTTLS") answer += "250-" + extension + "\r\n";
        answer += "250 HELP\r\n";
      } else if (line->starts_with("STARTTLS")) {
        answer = script.starttls;
      }
      bool is_hello = line->starts_with("EHLO") || line->starts_with("HELO");
      if (is_hello && !script.hello.empty()) answer = script.hello;
      if (line->starts_with("LHLO") && !script.lmtp_hello.empty()) answer = script.lmtp_hello;
      if (answer == "close") co_return;
      written = co_await stream->write(answer, deadline);
      bool handshake = line->starts_with("STARTTLS") && answer.starts_with("220");
      if (!handshake) continue;
      if (!script.for_handshake.empty()) {
        std::array<char, 4096> hello;
        auto got = co_await stream->read(hello, deadline);
        if (got) got = co_await end_with(*stream, script.for_handshake, deadline);
        co_return;
      }
      auto over = co_await tls::accept(std::move(stream), *certificate_, deadline);
      if (!over) co_return;
      stream = *std::move(over);
      secured = true;
    }
  }

  std::string answer_to(const std::string& question, int checked, int unchecked) const {
    std::string name;
    size_t at = dns::message_header_octets;
    while (question[at] != 0) {
      name += (name.empty() ? "" : ".") + question.substr(at + 1, size_t(question[at]));
      at += 1 + size_t(question[at]);
    }
    if (!unanswered.empty() && name == unanswered) return {};
    const unsigned type = dns::read_16(question, at + 1);
    const bool checking_disabled = (question[3] & 0x10) != 0;
    const int rcode = checking_disabled ? unchecked : checked;
    std::string answer = question.substr(0, 2);
    dns::append_16(answer, dns::message_flag::answer | unsigned(rcode));
    dns::append_16(answer, 1);
    const auto alias = aliases.find(name);
    const bool is_alias = type == dns::record_type::cname && alias != aliases.end();
    dns::append_16(answer, is_alias ? 1 : 0);
    dns::append_32(answer, 0);
    answer += question.substr(dns::message_header_octets, at + 5 - dns::message_header_octets);
    if (is_alias) {
      dns::Record record;
      record.name = name;
      record.type = dns::record_type::cname;
      dns::append_name(record.rdata, alias->second);
      dns::append_record(answer, record);
    }
    std::string message;
    dns::append_16(message, unsigned(answer.size()));
    return message + answer;
  }

  io::Task<void> answer_questions(io::Listener& listener, int checked, int unchecked) {
    while (true) {
      auto accepted = co_await listener.accept();
      if (!accepted) co_return;
      std::unique_ptr<io::Stream> stream = *std::move(accepted);
      Instant deadline = name_host.now() + std::chrono::seconds(5);
      std::string question;
      std::array<char, 512> piece;
      while (question.size() < 2 || question.size() < dns::read_16(question, 0) + 2u) {
        auto got = co_await stream->read(piece, deadline);
        if (!got || *got == 0) break;
        question.append(piece.data(), *got);
      }
      if (question.size() < 2 + dns::message_header_octets) continue;
      std::string answer = answer_to(question.substr(2), checked, unchecked);
      if (answer.empty()) {
        waiting_.push_back(std::move(stream));
        continue;
      }
      if (names_delay > Duration(0))
        co_await io::sleep_until(name_host, name_host.now() + names_delay);
      auto written = co_await stream->write(answer, name_host.now() + std::chrono::seconds(5));
    }
  }

  io::SimWorld world_{7};

 public:
  io::SimProcess& client = world_.make_process(*IpAddress::parse("192.0.2.1"));
  io::SimProcess& mail_v4 = world_.make_process(v4);
  io::SimProcess& mail_v6 = world_.make_process(v6);
  io::SimProcess& name_host = world_.make_process(*IpAddress::parse("192.0.2.53"));
  dns::MemoryResolver names{client};
  fakes::MemoryDisk disk;

 private:
  tls::KeyPair pair_;
  std::unique_ptr<tls::ServerContext> certificate_;
  std::map<uint16_t, Script> scripts_;
  std::vector<std::unique_ptr<Script>> own_scripts_;
  std::vector<std::unique_ptr<io::Listener>> listeners_;
  std::string heard_;
  std::vector<std::unique_ptr<io::Stream>> waiting_;
  io::TaskGroup servers_;
};

}  // namespace waypost::doctor
