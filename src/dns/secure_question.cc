#include "dns/secure_question.h"

#include <algorithm>

#include <fmt/format.h>

#include "dns/exchange.h"
#include "dns/message.h"
#include "dns/rdata.h"

namespace waypost::dns {
namespace {

constexpr size_t servers_asked_max = 3;
constexpr size_t records_used_max = 64;
constexpr int aliases_max = 8;
constexpr int rcode_no_error = 0;
constexpr int rcode_server_failure = 2;
constexpr int rcode_no_such_name = 3;

io::Task<Result<Message>> ask_once(io::Loop& loop, io::Network& network, Endpoint server,
                                   SecureQuestion question, uint16_t more_flags,
                                   Duration patience) {
  auto id = static_cast<uint16_t>(loop.rng().next());
  // AD in a question: tell whether you validated (RFC 6840 §5.7).
  const auto flags = static_cast<uint16_t>(message_flag::recursion_desired |
                                           message_flag::authentic_data | more_flags);
  std::string octets = question_message(id, flags, question.name, question.type);
  CO_TRY(std::string answer,
         co_await exchange(network, server, std::move(octets), loop.now() + patience));
  co_return parse_message(answer);
}

std::string canonical_name_in(const Message& message, std::string name) {
  for (int aliases = 0; aliases < aliases_max; ++aliases) {
    auto alias =
        std::find_if(message.answers.begin(), message.answers.end(), [&name](const Record& record) {
          return record.type == record_type::cname && record.name == name;
        });
    if (alias == message.answers.end()) break;
    auto target = parse_ptr_rdata(alias->rdata);
    if (!target) break;
    name = *std::move(target);
  }
  return name;
}

SecureAnswer read(const Message& message, const SecureQuestion& question) {
  SecureAnswer answer;
  answer.canonical_name = canonical_name_in(message, question.name);
  for (const Record& record : message.answers)
    if (record.type == question.type && record.name == answer.canonical_name &&
        answer.rdata.size() < records_used_max)
      answer.rdata.push_back(record.rdata);
  answer.status = !answer.rdata.empty()                   ? AnswerStatus::found
                  : message.rcode() == rcode_no_such_name ? AnswerStatus::no_such_name
                                                          : AnswerStatus::no_such_record;
  if (message.has(message_flag::authentic_data)) answer.trust = Trust::secure;
  return answer;
}

bool has_answered(const Message& message) {
  return message.rcode() == rcode_no_error || message.rcode() == rcode_no_such_name;
}

}  // namespace

io::Task<Result<SecureAnswer>> ask_securely(io::Loop& loop, io::Network& network,
                                            std::vector<Endpoint> servers, SecureQuestion question,
                                            Duration patience) {
  if (!question.name.empty()) {
    CO_TRY(question.name, normalize_name(question.name));
  }
  if (servers.size() > servers_asked_max) servers.resize(servers_asked_max);
  Result<Message> message = failure(ErrorCode::dns, "no name server is known");
  Endpoint answered_by;
  for (const Endpoint& server : servers) {
    answered_by = server;
    message = co_await ask_once(loop, network, server, question, 0, patience);
    if (message) break;
  }
  if (!message) co_return failure(std::move(message).error());
  if (has_answered(*message)) co_return read(*message, question);
  const int rcode = message->rcode();
  if (rcode == rcode_server_failure) {
    auto raw = co_await ask_once(loop, network, answered_by, question,
                                 message_flag::checking_disabled, patience);
    if (raw && has_answered(*raw)) {
      SecureAnswer answer = read(*raw, question);
      answer.trust = Trust::bogus;
      co_return answer;
    }
  }
  co_return failure(ErrorCode::dns,
                    fmt::format("{} answers with response code {}", answered_by.text(), rcode));
}

}  // namespace waypost::dns
