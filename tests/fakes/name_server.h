#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "dns/message.h"
#include "dns/secure_question.h"
#include "io/sim_network.h"
#include "io/sim_world.h"
#include "io/task_group.h"

namespace waypost::fakes {

// A resolver over TCP on a simulated machine, port 53. What it knows it answers with the AD bit
// where it is secure, and with SERVFAIL where it is bogus, unless nothing is to be checked.
class NameServer {
 public:
  explicit NameServer(io::SimProcess& process) : process_(process) {
    auto listener = process.network().listen({process.host(), 53}, {});
    CHECK(listener);
    listener_ = *std::move(listener);
    tasks_.start(serve());
  }

  void add(std::string_view name, uint16_t type, std::string rdata,
           dns::Trust trust = dns::Trust::secure) {
    Entry& entry = entries_[std::string(name)];
    entry.trust[type] = trust;
    entry.records.push_back({std::string(name), type, dns::record_class::in, 60, std::move(rdata)});
  }
  // Names below say what the whole zone is worth where they have no such record.
  void set_trust(std::string_view name, dns::Trust trust) {
    entries_[std::string(name)].otherwise = trust;
  }
  void fail(std::string_view name, uint16_t type) {
    entries_[std::string(name)].failing.push_back(type);
  }
  static std::string wire_name(std::string_view name) {
    std::string octets;
    dns::append_name(octets, name);
    return octets;
  }
  unsigned questions() const { return questions_; }

 private:
  struct Entry {
    std::vector<dns::Record> records;
    std::map<uint16_t, dns::Trust> trust;
    std::optional<dns::Trust> otherwise;
    std::vector<uint16_t> failing;
  };

  io::Task<void> serve() {
    while (true) {
      auto stream = co_await listener_->accept();
      if (!stream) co_return;
      tasks_.start(answer_one(*std::move(stream)));
    }
  }

  io::Task<void> answer_one(std::unique_ptr<io::Stream> stream) {
    const Instant deadline = process_.now() + std::chrono::seconds(5);
    std::string question;
    std::array<char, 512> piece;
    while (question.size() < 2 || question.size() < 2 + dns::read_16(question, 0)) {
      auto got = co_await stream->read(piece, deadline);
      if (!got || *got == 0) co_return;
      question.append(piece.data(), *got);
    }
    ++questions_;
    std::string answer = answer_to(question.substr(2));
    std::string framed;
    dns::append_16(framed, static_cast<unsigned>(answer.size()));
    framed += answer;
    auto written = co_await stream->write(framed, deadline);
  }

  std::string answer_to(const std::string& question) {
    std::string name;
    size_t at = dns::message_header_octets;
    while (question[at] != 0) {
      const auto length = static_cast<unsigned char>(question[at]);
      name += (name.empty() ? "" : ".") + question.substr(at + 1, length);
      at += 1u + length;
    }
    const auto type = static_cast<uint16_t>(dns::read_16(question, at + 1));
    const unsigned asked = dns::read_16(question, 2);
    std::string records;
    unsigned count = 0;
    unsigned rcode = 3;
    dns::Trust trust = dns::Trust::insecure;
    for (int aliases = 0; aliases < 8; ++aliases) {
      auto found = entries_.find(name);
      if (found == entries_.end()) break;
      Entry& entry = found->second;
      rcode = 0;
      for (uint16_t failing : entry.failing) rcode = failing == type ? 2 : rcode;
      trust = entry.trust.contains(type) ? entry.trust[type] : entry.otherwise.value_or(trust);
      const dns::Record* alias = nullptr;
      for (const dns::Record& record : entry.records) {
        if (record.type == dns::record_type::cname) alias = &record;
        if (record.type != type && &record != alias) continue;
        dns::append_record(records, record);
        ++count;
      }
      if (!alias) break;
      trust = entry.trust[dns::record_type::cname];
      name = alias_target(*alias);
    }
    const bool unchecked = (asked & dns::message_flag::checking_disabled) != 0;
    if (trust == dns::Trust::bogus && !unchecked) rcode = 2;
    if (rcode == 2) records.clear(), count = 0;
    unsigned flags = dns::message_flag::answer | rcode;
    if (trust == dns::Trust::secure && rcode != 2) flags |= dns::message_flag::authentic_data;
    std::string answer = question.substr(0, 2);
    dns::append_16(answer, flags);
    for (unsigned number : {1u, count, 0u, 0u}) dns::append_16(answer, number);
    return answer + question.substr(dns::message_header_octets) + records;
  }

  static std::string alias_target(const dns::Record& alias) {
    std::string name;
    for (size_t at = 0; alias.rdata[at] != 0;
         at += 1u + static_cast<unsigned char>(alias.rdata[at]))
      name += (name.empty() ? "" : ".") +
              alias.rdata.substr(at + 1, static_cast<unsigned char>(alias.rdata[at]));
    return name;
  }

  io::SimProcess& process_;
  std::unique_ptr<io::Listener> listener_;
  std::map<std::string, Entry> entries_;
  unsigned questions_ = 0;
  io::TaskGroup tasks_;
};

}  // namespace waypost::fakes
